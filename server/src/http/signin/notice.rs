//! Short pages about signing in and out, in French and in English.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unisson_history::escaped;

use crate::auth::oidc::{provider::SignInError, session::local_path};

const TEMPLATE: &str = include_str!("notice.html");

/// One page.
#[derive(Debug)]
pub(super) struct Notice {
    status: StatusCode,
    french: bool,
    title: &'static str,
    text: &'static str,
    /// A path of this server, or a whole address.
    link: String,
    link_text: &'static str,
    /// The browser goes there by itself.
    goes_on: bool,
}

impl Notice {
    pub(super) fn signed_out(french: bool, root: &str) -> Self {
        let (title, text, link_text) = match french {
            true => (
                "Vous êtes déconnecté",
                "Votre session est terminée sur ce serveur.",
                "Se connecter",
            ),
            false => (
                "You are signed out",
                "Your session on this server has ended.",
                "Sign in",
            ),
        };
        Self {
            status: StatusCode::OK,
            french,
            title,
            text,
            link: format!("{root}/signin"),
            link_text,
            goes_on: false,
        }
    }

    /// On the way to the provider.
    pub(super) fn leaving(french: bool, location: &str) -> Self {
        let (title, text, link_text) = match french {
            true => (
                "Déconnexion",
                "Votre session est terminée sur ce serveur.",
                "Continuer",
            ),
            false => (
                "Signing out",
                "Your session on this server has ended.",
                "Go on",
            ),
        };
        Self {
            status: StatusCode::OK,
            french,
            title,
            text,
            link: location.to_owned(),
            link_text,
            goes_on: true,
        }
    }

    pub(super) fn failed(french: bool, error: &SignInError, root: &str, to: &str) -> Self {
        let (status, [title, text]) = match (error, french) {
            (SignInError::Unavailable(_), true) => (
                StatusCode::SERVICE_UNAVAILABLE,
                [
                    "Connexion indisponible pour le moment",
                    "Le service de connexion ne répond pas. Vos droits n’ont pas changé : réessayez dans un instant.",
                ],
            ),
            (SignInError::Unavailable(_), false) => (
                StatusCode::SERVICE_UNAVAILABLE,
                [
                    "Sign-in is unavailable now",
                    "The sign-in service does not answer. Nothing was refused: try again in a moment.",
                ],
            ),
            (SignInError::Rejected(_), true) => (
                StatusCode::BAD_REQUEST,
                [
                    "La connexion n’a pas abouti",
                    "Elle a pris trop de temps, ou elle a commencé dans un autre navigateur. Recommencez.",
                ],
            ),
            (SignInError::Rejected(_), false) => (
                StatusCode::BAD_REQUEST,
                [
                    "You are not signed in",
                    "It took too long, or it began in another browser. Begin again.",
                ],
            ),
            (SignInError::Denied(_), true) => (
                StatusCode::FORBIDDEN,
                [
                    "Connexion refusée",
                    "Le service de connexion ne vous a pas laissé entrer, ou ce serveur n’accepte pas cette forme de connexion.",
                ],
            ),
            (SignInError::Denied(_), false) => (
                StatusCode::FORBIDDEN,
                [
                    "You are not let in",
                    "The sign-in service did not let you in, or this server does not accept this kind of sign-in.",
                ],
            ),
        };
        let to = local_path(to).unwrap_or("/");
        Self {
            status,
            french,
            title,
            text,
            link: format!(
                "{root}/signin?to={}",
                utf8_percent_encode(to, NON_ALPHANUMERIC)
            ),
            link_text: if french { "Réessayer" } else { "Try again" },
            goes_on: false,
        }
    }
}

impl IntoResponse for Notice {
    fn into_response(self) -> Response {
        let link = escaped(&self.link).to_string();
        let refresh = match self.goes_on {
            true => format!("<meta http-equiv=\"refresh\" content=\"0;url={link}\">"),
            false => String::new(),
        };
        let page = TEMPLATE
            .replace("{lang}", if self.french { "fr" } else { "en" })
            .replace("{refresh}", &refresh)
            .replace("{title}", self.title)
            .replace("{text}", self.text)
            .replace("{link-text}", self.link_text)
            .replace("{link}", &link);
        let headers: [(HeaderName, &str); 4] = [
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (self.status, headers, Html(page)).into_response()
    }
}
