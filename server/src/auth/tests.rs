//! Credentials of each kind, and what they open.

use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";

fn token(value: &str, access: Access, prefix: &str) -> Token {
    Token {
        value: value.into(),
        access,
        prefix: prefix.into(),
        user: None,
        display_name: None,
        is_admin: false,
    }
}

fn settings() -> Settings {
    let mut settings = Settings::new(([127, 0, 0, 1], 0).into(), "data");
    settings.tokens = vec![
        token("all", Access::ReadOnly, ""),
        token("team", Access::ReadWrite, "team/"),
    ];
    settings.auth.keys = vec![Key::of_secret(None, SECRET).expect("a key")];
    settings
}

async fn check(token: &str, document: &str) -> Result<Access, CloseReason> {
    let document = DocName::new(document).expect("a name");
    let authenticator = Authenticator::new(&settings()).expect("usable");
    let credential = Credential::of_token(token);
    let grant = authenticator.authenticate(&credential, &document).await;
    grant.map(|grant| grant.access)
}

fn signed(claims: &Value, secret: &[u8]) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("signed")
}

fn claims(role: &str) -> Value {
    json!({"sub": "ann", "prefix": "team/", "role": role, "exp": unix_now_s() + 60})
}

#[tokio::test]
async fn a_static_token_opens_the_documents_that_it_is_for() {
    assert_eq!(check("all", "notes").await, Ok(Access::ReadOnly));
    assert_eq!(check("team", "team/notes").await, Ok(Access::ReadWrite));
    assert_eq!(check("team", "notes").await, Err(CloseReason::Forbidden));
    let climbing = check("team", "team/../notes").await;
    assert_eq!(climbing, Err(CloseReason::Forbidden));
    assert_eq!(check("", "notes").await, Err(CloseReason::Unauthorized));
    assert_eq!(check("al", "notes").await, Err(CloseReason::Unauthorized));
}

#[tokio::test]
async fn a_signed_token_opens_what_it_says() {
    let editor = signed(&claims("editor"), SECRET);
    assert_eq!(check(&editor, "team/notes").await, Ok(Access::ReadWrite));
    assert_eq!(check(&editor, "notes").await, Err(CloseReason::Forbidden));
    let reader = signed(&claims("reader"), SECRET);
    assert_eq!(check(&reader, "team/notes").await, Ok(Access::ReadOnly));
}

#[tokio::test]
async fn a_token_that_another_secret_signed_opens_nothing() {
    let forged = signed(&claims("editor"), b"another secret of thirty-two bytes!!");
    let refused = Err(CloseReason::Unauthorized);
    assert_eq!(check(&forged, "team/notes").await, refused);
}

#[tokio::test]
async fn who_it_is_and_until_when_come_from_the_token() {
    let mut claims = claims("editor");
    claims["name"] = json!("Ann");
    claims["color"] = json!("#30bced");
    let authenticator = Authenticator::new(&settings()).expect("usable");
    let credential = Credential::of_token(&signed(&claims, SECRET));
    let name = DocName::new("team/notes").expect("a name");
    let grant = authenticator.authenticate(&credential, &name).await;
    let grant = grant.expect("granted");
    assert_eq!(grant.user.as_deref(), Some("ann"));
    assert_eq!(grant.display_name.as_deref(), Some("Ann"));
    assert_eq!(grant.color.as_deref(), Some("#30bced"));
    let left = grant.expires.expect("an end") - Instant::now();
    assert!(
        (Duration::from_secs(60)..=Duration::from_secs(70)).contains(&left),
        "{left:?}"
    );
}

#[tokio::test]
async fn only_admins_and_those_with_the_right_make_tokens() {
    let mut settings = settings();
    settings.tokens.push(Token {
        is_admin: true,
        ..token("admin", Access::ReadWrite, "team/")
    });
    let authenticator = Authenticator::new(&settings).expect("usable");
    let right = |token: String| {
        let authenticator = &authenticator;
        async move { authenticator.mint_right(&token).await }
    };
    let admin = right("admin".into()).await;
    assert_eq!(admin, Ok(MintRight::within("team/")));
    assert_eq!(right("all".into()).await, Err(CloseReason::Forbidden));
    assert_eq!(right("".into()).await, Err(CloseReason::Unauthorized));
    let plain = signed(&claims("editor"), SECRET);
    assert_eq!(right(plain).await, Err(CloseReason::Forbidden));
    let mut minting = claims("editor");
    minting["mint"] = json!(true);
    let minting = right(signed(&minting, SECRET)).await.expect("may");
    assert_eq!((minting.role, minting.mint), (claims::Role::Editor, false));
}

#[test]
fn a_credential_says_nothing_of_itself() {
    let credential = Credential::of_token("s3cret");
    assert!(!format!("{credential:?} {:?}", settings()).contains("s3cret"));
    assert!(!format!("{:?}", settings().auth).contains("thirty-two"));
}
