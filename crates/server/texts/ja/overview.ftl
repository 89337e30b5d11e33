overview-counted = { $at } 時点の集計です。日付は UTC で区切ります。
overview-not-yet = インストール記録を集計しています。1 分ほど待ってから、もう一度開いてください。
overview-behind = 一部の日はまだ集計中です。数値は後から反映されます。
overview-fact-installs = インストール（30 日間）
overview-fact-refusals = ブロック（30 日間）
overview-fact-active = 有効なトークン
overview-fact-silent = 使われていないトークン
overview-installs = 日別のインストール
overview-refusals = 日別のブロック
overview-what-counts = 1 つのトークンで取得した 1 ファイルを 1 件と数えます。10 分以内に繰り返した要求は 1 件です。
overview-installs-says = { $count ->
   *[other] 過去 30 日間のインストールは { $number } 件です。
}
overview-refusals-says = { $count ->
   *[other] 過去 30 日間のブロックは { $number } 件です。
}
overview-part = { $name }：{ $number }
overview-parts = { $npm }、{ $pypi }。
overview-caption = { $title }。
overview-peak = 最も多い日は { $day } で、{ $number } 件です。
overview-no-installs = 過去 30 日間のインストールはありません。トークンを発行してパッケージマネージャーにこのサーバーを設定すると、2 分以内にここに表示されます。
overview-no-refusals = 過去 30 日間のブロックはありません。
overview-numbers = 数値を表示
overview-day = 日付
overview-most = よく使われるパッケージ
overview-most-says = 過去 30 日間のインストール数です。日ごとに上位 50 件のパッケージを集計しています。
overview-package = パッケージ
overview-number = インストール数
overview-silent = 使われていないトークン
overview-silent-says = 有効ですが、14 日間リクエストがありません。利用者が不在か、端末がこのサーバーを経由していない可能性があります。
overview-no-silent = 有効なトークンはすべて、過去 14 日以内に使われたか、発行されたものです。
overview-identifier = ユーザー識別子
overview-token = トークン
overview-last-use = 最終使用
overview-never = 未使用、発行日
overview-silent-more = 次のトークン
overview-all-tokens = すべてのトークン
overview-feed = アドバイザリー
overview-feed-none = アドバイザリーの取得元が設定されていません。ブロックされるのは、カナリアとサーバー管理者が登録したものだけです。
overview-feed-nothing = アドバイザリーをまだ読み込めていません。確認できないパッケージは通しません。
overview-feed-failing = 直近の取得に失敗しました。以前に読み込んだアドバイザリーが引き続き有効です。
overview-feed-unknown = 前回の起動時に読み込んだアドバイザリーが有効です。その後の取得はまだ行われていません。
overview-feed-minutes = { $minutes ->
    [0] アドバイザリーは最新です。1 分以内に確認しました。
   *[other] アドバイザリーは最新です。{ $minutes } 分前に確認しました。
}
overview-feed-hours = { $hours } 時間前に確認しました。
overview-feed-days = { $days } 日前に確認しました。
overview-feed-looked = すべての取得元の確認
overview-feed-records = 有効なレコード
overview-cache = キャッシュのヒット率
overview-percent = { $number }%
overview-cache-says = { $count ->
   *[other] メタデータの要求 { $number } 件のうち、メモリーから応答した割合です。
}
overview-cache-means = このサーバーが起動してから、すべての利用者にメモリーから応答したメタデータの割合です。
overview-cache-hits = メモリーから応答
overview-cache-misses = メモリーにないか、期限切れ
overview-cache-stale = 期限切れのまま応答
overview-cache-upstream = レジストリへのリクエスト
overview-cache-files = 保存済みだったファイル
overview-cache-downloads = 保存のためにダウンロードしたファイル
overview-no-cache = このサーバーの起動後、メタデータはまだ要求されていません。
