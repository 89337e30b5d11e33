frame-skip = 本文へ移動
frame-organisations = 組織
frame-me = マイページ
frame-sign-out = サインアウト
frame-pages = 組織のページ
frame-what = Sekisho は、パッケージマネージャーとレジストリの間に置くチェックポイントです。
frame-guard-off = この組織では Guard が無効です。トークンは使えず、新しく発行することもできません。「設定」で有効にできます。

tab-overview = 概要
tab-tokens = トークン
tab-installs = インストール
tab-refusals = ブロック
tab-bots = ボットと CI
tab-members = メンバー
tab-audit = 監査ログ
tab-settings = 設定

role-owner = オーナー
role-guard-manager = Guard 管理者
role-guard-viewer = Guard 閲覧者
role-guard-token-issuer = トークン発行者

done-signed-out = サインアウトしました。

halt-on = 続ける
halt-not-found = ページが見つかりません
halt-not-found-next = アドレスが間違っているか、あなたがメンバーではない組織のものです。
halt-no-right = この操作を行う権限がありません
halt-no-right-next = 別のロールが必要な場合は、組織のオーナーに依頼してください。直前まで権限があった場合は、その後に取り消されています。変更は行われていません。
halt-not-from-here = このフォームは受け付けられません
halt-not-from-here-next = このサーバーのページから送信されていないか、ブラウザーが送信元を示していません。ページを開き直して、もう一度送信してください。
halt-plain-http = サインインには HTTPS が必要です
halt-plain-http-next = このアドレスの通信は暗号化されていないため、経路上の第三者にコードやセッションを読み取られるおそれがあります。サーバーの管理者は、tls.cert と tls.key の設定、またはプロキシーで HTTPS を有効にしてください。サーバー自身では http://127.0.0.1 を使えます。
halt-code-over = このサインインは終了しました
halt-code-over-next = コードが使用済みか、発行から 10 分を過ぎたか、5 回間違って入力されました。最初からやり直すと、新しいコードがメールで届きます。
halt-guard-off = この組織では Guard が無効です
halt-guard-off-next = オーナーまたは Guard 管理者が「設定」で有効にするまで、トークンは発行できません。
halt-too-many = このネットワークからの試行が多すぎます
halt-too-many-next = 1 時間待ってから、もう一度試してください。
halt-unavailable = データベースが応答しません
halt-unavailable-next = 変更は行われていません。しばらくしてから、もう一度試してください。
halt-sent-before = このフォームは送信済みです
halt-sent-before-next = 最初の送信の結果は有効で、新たに作成されたものはありません。トークンは一度しか表示されません。控えていない場合は、失効させて発行し直してください。
