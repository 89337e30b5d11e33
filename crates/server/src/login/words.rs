//! What the login's pages say, in both languages, side by side so that they stay alike.

use sekisho_core::Language;

use crate::explain;

/// A page that says something and asks nothing.
pub(super) struct Note {
    pub title: &'static str,
    /// What happened, and what to do next; a paragraph each.
    pub text: &'static [&'static str],
}

/// Every text of the pages in one language.
pub(super) struct Words {
    pub lang: &'static str,
    pub footer: &'static str,
    pub address_title: &'static str,
    pub address_intro: &'static str,
    pub program: &'static str,
    pub program_unknown: &'static str,
    pub network: &'static str,
    pub here: &'static str,
    pub the_same: &'static str,
    pub started: &'static str,
    pub elsewhere: &'static str,
    pub elsewhere_means: &'static str,
    pub elsewhere_tick: &'static str,
    pub email: &'static str,
    pub email_hint: &'static str,
    pub send: &'static str,
    pub not_an_address: &'static str,
    pub not_ticked: &'static str,
    pub code_title: &'static str,
    pub code_intro: &'static str,
    pub code_next: &'static str,
    pub code: &'static str,
    pub code_hint: &'static str,
    pub log_in: &'static str,
    pub other_address: &'static str,
    pub facts_again: &'static str,
    pub not_me: &'static str,
    pub end: &'static str,
    pub confirmed: Note,
    pub done: Note,
    pub ended: Note,
    pub expired: Note,
    pub unknown: Note,
    pub not_from_here: Note,
    pub too_many_codes: Note,
    pub too_many_mails: Note,
    pub unavailable: Note,
}

impl Words {
    /// The texts of a language.
    pub(super) fn of(language: Language) -> &'static Words {
        match language {
            Language::En => &EN,
            Language::Ja => &JA,
        }
    }

    /// A wrong code, and how many more may be tried.
    pub(super) fn wrong_code(&self, left: i64) -> String {
        match (self.lang, left) {
            ("ja", left) => format!(
                "コードが正しくないか、使用済みか、別のログインのものです。あと {left} 回入力できます。最後に届いたメールのコードを確認してください。"
            ),
            (_, 1) => {
                "This code is wrong, used, or of another login. One try is left. Look at the latest mail.".to_owned()
            }
            (_, left) => {
                format!(
                    "This code is wrong, used, or of another login. {left} tries are left. Look at the latest mail."
                )
            }
        }
    }
}

static EN: Words = Words {
    lang: "en",
    footer: explain::footer(Language::En),
    address_title: "Log in to Sekisho",
    address_intro: "A package manager asks for a key that takes packages in your name. Go on only if you started this yourself, a moment ago:",
    program: "Program",
    program_unknown: "did not say its name",
    network: "Started from",
    here: "Your browser",
    the_same: "(the same network)",
    started: "Started at",
    elsewhere: "This login was started from another network than your browser's.",
    elsewhere_means: "That is right if you logged in on a server or in a container. If somebody sent you this link, it is a trick: your code would give them a key in your name.",
    elsewhere_tick: "I started this login myself, at the address above.",
    email: "Your e-mail address",
    email_hint: "A code is sent there. An address without an account gets one.",
    send: "I started it: send the code",
    not_an_address: "This is not an e-mail address. It looks like you@example.com.",
    not_ticked: "Tick the box if you started this login yourself. If you did not, end it below.",
    code_title: "Type the code from the mail",
    code_intro: "A code was sent to this address, if it may log in here:",
    code_next: "If no mail comes within a minute, look into the spam folder and check the address. An address gets only a few such mails an hour.",
    code: "Code",
    code_hint: "Ten letters and digits. It works once, for this login only.",
    log_in: "Log in",
    other_address: "Another address, or another code",
    facts_again: "What you are logging in",
    not_me: "You did not start this login?",
    end: "This was not me: end it",
    confirmed: Note {
        title: "Done. Go back to your terminal",
        text: &[
            "The package manager gets its key within a few seconds. A mail then tells you which key it is and how to revoke it.",
            "You can close this page.",
        ],
    },
    done: Note {
        title: "This login is complete",
        text: &[
            "Its key was handed to the package manager, once. A mail tells you which key it is and how to revoke it.",
            "If the key did not arrive in your terminal, run the login there again. You can close this page.",
        ],
    },
    ended: Note {
        title: "This login was ended",
        text: &[
            "Nobody gets a key by it. If a code for it comes by mail, give it to nobody.",
            "To log in yourself, run the login in your terminal again.",
        ],
    },
    expired: Note {
        title: "This login took too long",
        text: &[
            "A login has to be finished within five minutes, so that an old link is of no use to anybody. Nothing was changed.",
            "Run the login in your terminal again, and open the new address.",
        ],
    },
    unknown: Note {
        title: "There is no such login",
        text: &[
            "Its address is incomplete, or it is long over.",
            "Run the login in your terminal again, and open the address that it prints.",
        ],
    },
    not_from_here: Note {
        title: "Not accepted",
        text: &[
            "What was sent did not come from this page, or your browser hid where it came from. Nothing was changed.",
            "Open the address from your terminal again and fill in the form there.",
        ],
    },
    too_many_codes: Note {
        title: "Too many wrong codes",
        text: &[
            "Five wrong codes were typed for this address from your network within an hour. Further ones are not looked at.",
            "Wait an hour, then run the login in your terminal again.",
        ],
    },
    too_many_mails: Note {
        title: "Too many logins from your network",
        text: &[
            "Your network has asked for as many mails as it may within an hour.",
            "Wait until the hour is over, then run the login in your terminal again.",
        ],
    },
    unavailable: Note {
        title: "Not available right now",
        text: &["The checkpoint can't reach its database. Nothing was changed.", "Load this page again in a moment."],
    },
};

static JA: Words = Words {
    lang: "ja",
    footer: explain::footer(Language::Ja),
    address_title: "Sekisho にログイン",
    address_intro: "パッケージマネージャーが、あなたの名前でパッケージを取得するためのキーを求めています。たった今ご自身で始めた場合だけ、続けてください。",
    program: "プログラム",
    program_unknown: "不明",
    network: "開始した接続元",
    here: "このブラウザー",
    the_same: "（同じネットワーク）",
    started: "開始日時",
    elsewhere: "このログインは、お使いのブラウザーとは別のネットワークから始められました。",
    elsewhere_means: "サーバーやコンテナーの中でログインした場合は問題ありません。誰かからこのリンクを受け取った場合は詐欺です。コードを入力すると、相手があなたの名前のキーを手に入れます。",
    elsewhere_tick: "上の接続元から、自分でこのログインを始めました。",
    email: "メールアドレス",
    email_hint: "このアドレスにコードを送ります。未登録のアドレスは新しく登録されます。",
    send: "自分で始めたので、コードを送る",
    not_an_address: "メールアドレスの形式ではありません（例: you@example.com）。",
    not_ticked: "ご自身で始めたログインであれば、チェックを入れてください。そうでなければ、下のボタンで終了してください。",
    code_title: "メールのコードを入力",
    code_intro: "ここでログインできるアドレスであれば、次の宛先にコードを送りました。",
    code_next: "1 分たっても届かない場合は、迷惑メールフォルダーとアドレスを確認してください。1 つのアドレスに 1 時間に送るメールの数には限りがあります。",
    code: "コード",
    code_hint: "英数字 10 文字です。このログインで 1 回だけ使えます。",
    log_in: "ログイン",
    other_address: "アドレスを変える、またはコードをもう一度送る",
    facts_again: "ログインの内容",
    not_me: "このログインにお心当たりがない場合",
    end: "自分ではないので終了する",
    confirmed: Note {
        title: "完了しました。ターミナルに戻ってください",
        text: &[
            "数秒以内に、パッケージマネージャーがキーを受け取ります。その後、どのキーかと失効の方法をメールでお知らせします。",
            "このページは閉じてかまいません。",
        ],
    },
    done: Note {
        title: "このログインは完了しています",
        text: &[
            "キーはパッケージマネージャーに渡されました（渡すのは 1 回だけです）。どのキーかと失効の方法をメールでお知らせします。",
            "ターミナルにキーが届いていない場合は、もう一度ログインを実行してください。このページは閉じてかまいません。",
        ],
    },
    ended: Note {
        title: "このログインは終了しました",
        text: &[
            "このログインでキーを受け取る人はいません。このログインのコードがメールで届いても、誰にも教えないでください。",
            "ご自身でログインするには、ターミナルでもう一度ログインを実行してください。",
        ],
    },
    expired: Note {
        title: "時間切れです",
        text: &[
            "古いリンクが悪用されないよう、ログインは 5 分以内に終える必要があります。何も変更されていません。",
            "ターミナルでもう一度ログインを実行し、新しいアドレスを開いてください。",
        ],
    },
    unknown: Note {
        title: "このログインは見つかりません",
        text: &[
            "アドレスが途中で切れているか、ログインがずっと前に終わっています。",
            "ターミナルでもう一度ログインを実行し、表示されるアドレスを開いてください。",
        ],
    },
    not_from_here: Note {
        title: "受け付けられませんでした",
        text: &[
            "送信元がこのページではないか、ブラウザーが送信元を隠しています。何も変更されていません。",
            "ターミナルに表示されたアドレスをもう一度開き、そのページのフォームから送信してください。",
        ],
    },
    too_many_codes: Note {
        title: "コードの間違いが多すぎます",
        text: &[
            "このアドレスについて、お使いのネットワークから 1 時間に 5 回、正しくないコードが入力されました。これ以上は確認しません。",
            "1 時間待ってから、ターミナルでもう一度ログインを実行してください。",
        ],
    },
    too_many_mails: Note {
        title: "このネットワークからのログインが多すぎます",
        text: &[
            "1 時間に送れるメールの上限に達しました。",
            "1 時間以内に解除されます。その後、ターミナルでもう一度ログインを実行してください。",
        ],
    },
    unavailable: Note {
        title: "現在利用できません",
        text: &[
            "データベースに接続できません。何も変更されていません。",
            "しばらくしてから、このページを再読み込みしてください。",
        ],
    },
};
