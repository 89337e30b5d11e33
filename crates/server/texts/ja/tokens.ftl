tokens-issue = トークンの発行
tokens-issue-now = 発行
tokens-issue-another = 続けて発行
tokens-import = 一括発行
tokens-prefix = 識別子の先頭
tokens-prefix-wrong = この文字列で始まる識別子はありません。識別子に使える文字は、英数字と . _ @ + - です。
tokens-status = 状態
tokens-any = すべて
tokens-active = 有効
tokens-revoked = 失効
tokens-expired = 期限切れ
tokens-search = 検索
tokens-none = トークンはまだありません。利用者や端末ごとに発行すると、インストールを区別でき、個別に失効させることができます。
tokens-none-such = 該当するトークンはありません。
tokens-identifier = 識別子
tokens-user-identifier = ユーザー識別子
tokens-hint = トークン
tokens-created = 発行日
tokens-used = 最終使用
tokens-unused = なし
tokens-ends = 有効期限
tokens-never = 無期限
tokens-pages = 一覧のページ
tokens-previous = 前へ
tokens-next = 次へ
tokens-back = トークンの一覧

tokens-issue-intro = 識別子は、インストールの記録や失効の際に、誰のトークンかを示します。
tokens-identifier-rule = 4 ～ 255 文字。使える文字は英数字と . _ @ + - です。
tokens-form-address = メールアドレス：
tokens-form-user = 社内のユーザー名：
tokens-form-device = 端末のシリアル番号とユーザー名：
tokens-form-asset = 資産番号と社員番号：
tokens-identifier-wrong = 識別子は 4 ～ 255 文字で、使える文字は英数字と . _ @ + - です。
tokens-life = 有効期限
tokens-life-hint = 期限を付ける場合、この組織のトークンの有効期間は最長 { $span }です。
tokens-life-usual = 組織の標準：{ $span }
tokens-life-other = その他の日数
tokens-life-days = その他の日数を選んだ場合の日数
tokens-life-wrong = 日数は 1 以上の整数で入力してください。この組織のトークンの有効期間は最長 { $span }です。
tokens-days = { $count ->
   *[other] { $number } 日
}
tokens-hours = { $count ->
   *[other] { $number } 時間
}
tokens-minutes = { $count ->
   *[other] { $number } 分
}

tokens-new = 新しいトークン
tokens-once = 表示されるのは今回だけです。
tokens-once-why = 保存されるのはハッシュだけです。今コピーして、安全な方法で利用者に渡してください。紛失した場合は発行し直してください。
tokens-copy = トークンをコピー
tokens-old = 古いトークン
tokens-old-until = { $moment } まで有効
tokens-old-over = 失効済み

tokens-revoked-at = 失効日時
tokens-replaces = 置き換え元
tokens-replaced-by = 置き換え先
tokens-installs = このトークンのインストール
tokens-of-the-same = 同じ識別子のトークン
tokens-rotate = ローテーション
tokens-rotate-intro = 同じ識別子の新しいトークンを発行します。古いトークンは指定した期間だけ引き続き使えるので、その間に入れ替えてください。
tokens-overlap = 古いトークンの猶予期間
tokens-overlap-none = なし（すぐに失効）
tokens-not-rotated = このトークンはローテーションできません
tokens-rotated-before = すでにローテーション済みで、別のトークンに置き換えられています。置き換え先のトークンをローテーションしてください。
tokens-see-new = トークンを表示
tokens-not-active = 失効しているか、有効期限を過ぎています。この識別子に新しいトークンを発行してください。

tokens-revoke = 失効させる
tokens-revoke-intro = トークンを完全に使えなくします。以後、このトークンを使うインストールは失敗します。
tokens-revoke-go = このトークンを失効させる
tokens-revoke-ask = このトークンを失効させますか？
tokens-revoke-means = 次のリクエストから、このトークンを使うインストールはすべて 401 で失敗します。ほかのサーバーにも 1 秒以内に反映されます。この操作は取り消せません。
tokens-keep = 失効させない
tokens-revoked-link = 使っていた環境での設定変更
tokens-done-revoked = トークンを失効させました。
tokens-after = トークンを使っていた環境での設定変更
tokens-after-intro = 設定にこのトークンが残っているパッケージマネージャーは、公開パッケージでも 401 で失敗します。環境ごとに次のいずれかを行ってください。
tokens-after-new = 新しいトークンに入れ替える
tokens-after-new-how = 同じ識別子に新しいトークンを発行し、古いトークンが書かれている場所を書き換えます。SEKISHO_TOKEN を使うコマンドは、もう一度実行します。
tokens-after-none = トークンだけを取り除く
tokens-after-none-how = アドレスはそのままで、トークンだけを削除します（_authToken、npmAuthToken、token の行、またはアドレスの「token:…@」の部分）。このサーバーがトークンなしの利用を許可している場合に使えます。
tokens-after-back = 標準のレジストリとインデックスに戻す
tokens-after-back-how = 設定した内容をすべて取り除きます。YOUR_KEY は古いトークンを表します。
tokens-after-locks = npm、Yarn 1、Bun、uv、Poetry のロックファイルにはこのサーバーのアドレスが含まれます。標準に戻す場合は作り直してください。

tokens-import-intro = リストの 1 行ごとにトークンを 1 つ発行します。最初にすべての行を確認し、誤りが 1 つでもあれば何も発行しません。
tokens-import-file = ファイル
tokens-import-rule = CSV またはテキスト、最大 1,000 行。各行に識別子と、必要に応じてコンマと日数を書きます。日数がない場合は組織の標準の有効期間になります（最長 { $span }）。先頭の行が「identifier,days」の場合は無視します。
tokens-import-list = またはリストを貼り付け
tokens-import-once = 発行したすべてのトークンを含むファイル tokens.csv がダウンロードされます。取得できるのは一度だけです。安全に保管し、トークンを渡した後に削除してください。フォームを再送信しても、新たに発行されることはありません。
tokens-import-now = すべて発行
tokens-import-nothing = リストが空です。ファイルを選ぶか、行を貼り付けてください。
tokens-import-both = ファイルと貼り付けたリストのどちらか一方だけを指定してください。
tokens-import-too-large = リストが 512 KiB を超えています。1,000 行であれば、この大きさにはなりません。トークンは発行されていません。
tokens-import-too-many = リストは最大 1,000 行です。トークンは発行されていません。
tokens-import-bad = { $count ->
   *[other] { $number } 行に誤りがあります。トークンは発行されていません。
}
tokens-import-lines = 誤りのある行
tokens-import-line = 行
tokens-import-text = 内容
tokens-import-reason = 理由
tokens-import-days = 日数が整数でないか、組織で許可された上限を超えています。
tokens-import-cells = 識別子と日数以外の項目があります。
tokens-import-twice = 同じ識別子が前の行にあります。
tokens-import-further = ほかに { $numbers } 行目。
