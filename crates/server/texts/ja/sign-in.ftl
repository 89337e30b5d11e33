sign-in-title = サインイン
sign-in-intro = メールアドレスを入力してください。このサーバーに関連する情報があるアドレスには、コードがメールで届きます。パスワードはありません。
sign-in-email = メールアドレス
sign-in-send = コードを送信
sign-in-not-an-address = このメールアドレスは使えません。@ の前は英数字など、@ の後ろはドメインです。
sign-in-with = { $name } でサインイン
sign-in-or = メールのコードでもサインインできます。
sign-in-first-hint = まだ組織のオーナーがいません。
sign-in-first-link = サーバーが表示したコードで設定する

code-title = コードの入力
code-intro = このサーバーに関連する情報がある場合、次のアドレスにコードをメールで送信しています。
code-no-mail = 1 分待っても届かない場合は、迷惑メールフォルダーとアドレスの入力を確認してください。メンバーでもトークンの利用者でもないアドレスには送信されません。組織の管理者にお問い合わせください。
code-mailbox = このサーバーはメールをフォルダーに書き込みます。サーバーの管理者は「sekisho mailbox show」で読めます。メンバーでもトークンの利用者でもないアドレスには送信されません。
code-code = コード
code-hint = 英数字 10 文字です。有効期間は 10 分で、このブラウザーでのみ使えます。
code-enter = サインイン
code-other = 別のアドレスを使う、またはコードを再送する
code-wrong = { $left ->
   *[other] コードが正しくありません。あと { $left } 回入力できます。最後に届いたメールを確認してください。
}

first-title = 最初の組織の作成
first-intro = サーバーが起動時に表示したコードが必要です。使えるのは 1 回だけで、有効期間は 1 時間です。「sekisho admin first-owner」で新しいコードを表示できます。
first-code-hint = 英数字 10 文字です。
first-email-hint = このアドレスが組織のオーナーになります。次回からは、ここに届くコードでサインインします。
first-org = 組織の名前
first-org-hint = 会社やチームの名前です。後から変更できます。
first-enter = 作成してサインイン
first-wrong-code = コードが正しくないか、使用済みか、発行から 1 時間を過ぎています。「sekisho admin first-owner」で新しいコードを表示できます。
first-wrong-name = 名前は 1 ～ 100 文字で、改行を含めることはできません。ID の形式も使えません。
first-name-taken = この名前の組織はすでにあります。別の名前にしてください。コードは引き続き使えます。
