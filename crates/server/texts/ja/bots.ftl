bots-intro = API で Guard を管理するプログラムと、シークレットを保存せずにパッケージを取得するパイプライン（GitHub Actions、GitLab CI など）です。
bots-none = ボットはまだありません。
bots-name = 名前
bots-name-hint = 1 ～ 100 文字です（例：ci、inventory）。
bots-keys = キー
bots-key-used = キーの最終使用
bots-trusts = 信頼するパイプライン
bots-make = ボットの作成
bots-make-do = 作成する
bots-taken = 同じ名前のボットがあります。別の名前にしてください。
bots-id = ID
bots-not-yours = このボットのロールはオーナーです。キーの発行とパイプラインの指定は、オーナーだけが行えます。
bots-remove-do = ボットを削除
bots-remove-title = ボット { $name } を削除しますか？
bots-remove-then = このボットのキーと、パイプラインのセッションはすぐに終了します。元に戻すことはできません。
bots-keys-intro = API を呼び出すプログラムが使います。ロールの範囲で、トークンの発行や一覧、ログの閲覧ができます。キーでパッケージを取得することはできません。
bots-key-add = キーを発行
bots-key-new = { $name } の新しいキー
bots-key-use = コロンの後ろのボットの ID も含めて、このまま「Authorization: Bearer …」として送信します。キーを手に入れた人は、ボットのロールでできることをすべて行えます。
bots-key-revoke-title = { $name } のキー { $key } を失効させますか？
bots-key-revoke-then = キーはすぐに使えなくなります。このキーを使うプログラムは、別のキーに置き換えるまで 401 になります。

bots-trust = 信頼するパイプライン
bots-trust-intro = 次の条件のいずれか 1 組を満たすパイプラインは、プロバイダーから受け取った ID トークンと引き換えに、一定時間だけ使えるトークンを得ます。できるのはパッケージの取得だけです。
bots-trust-add = 信頼するパイプラインを追加：
bots-trust-remove = この条件を削除
bots-no-issuers = このサーバーの設定では、ID トークンの発行者が許可されていません。サーバーの管理者が bots.issuers で指定します。
bots-other-provider = その他の発行者
bots-or = または
bots-or-more = または、ほか { $count } 個のいずれか
bots-try = ID トークンを試す
bots-try-token = パイプラインの ID トークン
bots-try-hint = どの条件を満たし、どの条件を満たさないかを表示します。トークンは交換も保存もされず、ログにも記録されません。
bots-try-do = 試す
bots-steps = パイプラインのファイルに書くステップ
bots-steps-intro = トークンを取得し、npm と pip に設定します。シークレットは含まれません。
bots-sessions = 実行中のセッション
bots-sessions-none = 実行中のセッションはありません。
bots-sessions-more = ここに表示されていないセッションも実行中です。
bots-sessions-end-all = すべてのセッションを終了
bots-session-end-this = { $repository } のセッション（実行 { $run }）を終了
bots-pipeline = パイプライン
bots-run = 実行
bots-ends = 有効期限

trust-title = { $provider } のパイプラインを信頼する
trust-intro = ここに入力した条件をすべて満たすパイプラインが、ボット { $name } として接続できます。発行者はほかの人の ID トークンにも署名するため、所有者、プロジェクト、サブジェクトのいずれかを特定する条件が必要です。
trust-issuer-hint = ID トークンに署名する発行者です。選べる発行者は、サーバーの管理者が指定します。
trust-values-hint = 1 行に 1 つの値を書きます。いずれか 1 つに一致すれば満たされます。名前の末尾には * を使えます（例：refs/heads/release/*）。問わない項目は空欄にしてください。
trust-claims = その他のクレーム
trust-claims-hint = 「名前 = 値」の形式で、1 行に 1 つ書きます。値は完全に一致する必要があります。
trust-more = その他の条件
trust-events-hint = プルリクエストなどでは第三者のコードが実行されるため、拒否されます。それでも許可する場合だけ、pull_request などのイベント名を書いてください。
trust-refused = この条件は受け付けられません。
trust-no-issuer = この発行者は、サーバーの設定で許可されていません。
trust-wrong-claims = クレームは「名前 = 値」の形式で、1 行に 1 つ書いてください。
trust-do = 信頼する
trust-remove-title = { $name } からこの条件を削除しますか？
trust-remove-then = この条件だけで接続していたパイプラインは、新しいセッションを得られなくなります。実行中のセッションは有効期限まで続きます。

tried-counts = このトークンは有効です。交換するとセッションが得られます。
tried-no = トークンは本物ですが、すべて満たす条件の組はありません。
tried-nothing = トークンは交換されておらず、保存もされていません。
tried-audiences = このサーバーで有効なオーディエンス（aud）:
tried-all-hold = すべて満たす
tried-not-all-hold = 満たさない条件あり
tried-condition = 条件
tried-expected = 期待する値
tried-found = トークンの値
tried-holds = 一致
tried-differs = 不一致：
tried-absent = トークンに含まれていません
tried-more-hold = { $count ->
   *[other] ほかの { $number } 組も、条件をすべて満たします。
}
tried-more-differ = { $count ->
   *[other] 満たさない条件のある組は、ほかに { $number } 組あります（満たさない条件が少ない組から表示しています）。
}
tried-all-conditions = このボットのすべての条件
tried-own-project = 自身のプロジェクトで実行されるパイプライン、またはプロジェクトの条件
tried-other-event = 第三者のコードを実行しないイベント、または許可したイベント
tried-no-token = ID トークンではないか、このサーバーで読み取れない形式です。
tried-claim = ID トークンに必須の項目がありません。
tried-issuer = トークンの発行者が、どの条件にも指定されていません。
tried-signature = 署名が正しくないか、発行者に該当する鍵がありません。
tried-audience = 別の宛先のトークンです。パイプラインは、このサーバー宛てのトークンを要求する必要があります。
tried-expired = トークンの有効期限が切れています。
tried-not-yet = トークンはまだ有効ではありません。双方の時刻を確認してください。
tried-lifetime = トークンの有効期間が不正です。開始より前に終了するか、1 日を超えています。
tried-unavailable = 発行者から鍵を取得できませんでした。しばらくしてから、もう一度試してください。

cond-issuer = 発行者
cond-repository-owner-id = 組織またはユーザー（ID）
cond-repository-id = リポジトリ（ID）
cond-repository-owner = 組織またはユーザー（名前）
cond-repository = リポジトリ
cond-repository-visibility = リポジトリの公開範囲
cond-ref = ブランチまたはタグ
cond-ref-path = ブランチまたはタグ（refs/ から）
cond-ref-type = ブランチかタグか
cond-ref-protected = ブランチまたはタグの保護
cond-workflow-ref = ワークフロー
cond-job-workflow-ref = ジョブの再利用ワークフロー
cond-environment = 環境
cond-environment-protected = 環境の保護
cond-event-name = イベント
cond-runner-environment = ランナーの種類
cond-namespace-id = グループまたはユーザー（ID）
cond-project-id = プロジェクト（ID）
cond-namespace-path = グループまたはユーザー（パス）
cond-project-path = プロジェクト（パス）
cond-ci-config-ref-uri = パイプラインのファイル
cond-pipeline-source = イベント
cond-subject = サブジェクト（sub）
cond-allow-events = 例外として許可するイベント
cond-job-project-id = ジョブを実行するプロジェクト

cond-wrong-issuer = 発行者が https://id.example のようなアドレスになっていません。
cond-wrong-issuer-scheme = 発行者のアドレスが https:// で始まっていません。http を使えるのは、サーバーの管理者が内部と指定した、自社ネットワーク内の発行者だけです。
cond-wrong-issuer-extras = 発行者のアドレスに、ユーザー名、クエリー、フラグメントは使えません。
cond-wrong-public-issuer = これは { $provider } の発行者です。プロバイダーとして { $provider } を選んでください。
cond-wrong-event = イベント { $name } には許可が要りません。
cond-wrong-unknown = { $name } という条件はありません。使える条件：{ $known }
cond-wrong-empty = { $name }: 値がありません。空欄にするか、値を書いてください。
cond-wrong-many = { $name }: 値は 50 個までです。
cond-wrong-shape = { $name }: 値は 1～512 バイトで、制御文字は使えません。
cond-wrong-star-within = { $name }: * を使えるのは末尾だけです。
cond-wrong-id = { $name }: ID は名前ではなく、プロバイダーの画面に表示される数値です。
cond-wrong-flag = { $name }: true か false を書いてください。
cond-wrong-star = { $name }: ここでは * を使えません。値は完全に一致する必要があります。
cond-wrong-start = { $count ->
    [0] { $name }: * の前に名前が必要です。
   *[other] { $name }: * の前に、少なくとも { $count } 個のスラッシュと名前が必要です。
}
cond-wrong-subject = { $name }: * の前に、repo:acme/* のように 2 つの要素が必要です。
cond-wrong-no-claims = { $provider } では名前の付いた条件だけを使えます。その他のクレームは指定できません。
cond-wrong-many-claims = クレームは 20 個までです。
cond-wrong-subject-claim = クレーム sub は、専用の項目「サブジェクト」に書いてください。
cond-wrong-checked-claim = クレーム { $name } は、すべてのトークンで常に確認されます。
cond-wrong-everybody = このままでは、発行者が署名するすべての人を信頼することになります。次のいずれか、または完全なサブジェクトを指定してください：{ $ids }
cond-wrong-everybody-generic = このままでは、発行者が署名するすべての人を信頼することになります。サブジェクトか、その他のクレームを指定してください。
