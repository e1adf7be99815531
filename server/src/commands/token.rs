//! `unisson token`: makes a token that lets somebody in.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    auth::{
        claims::{Role, Texts},
        mint::{MintRight, Order, mint},
        unix_now_s,
    },
    settings::{AuthOptions, Options as ServerOptions, Settings},
};

/// What the token should say.
#[derive(Debug, Args)]
pub struct Options {
    /// Settings file (TOML) with the key to sign with
    #[arg(long, env = "UNISSON_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Who signs, where the settings file does not say so
    #[command(flatten)]
    auth: AuthOptions,
    /// Who it is for: your own id of the person
    #[arg(long)]
    sub: String,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// The colour of the cursor, as #rrggbb
    #[arg(long)]
    color: Option<String>,
    /// A document that it opens; may be given again. With none and no prefix the token says who it
    /// is, and spaces say what they may
    #[arg(long, value_name = "NAME", requires = "role")]
    document: Vec<String>,
    /// It opens documents whose names begin so; may be given again
    #[arg(long, value_name = "PREFIX", requires = "role")]
    prefix: Vec<String>,
    /// What they are there: reader, commenter, editor, facilitator or owner
    #[arg(long)]
    role: Option<Role>,
    /// A group they are in, for spaces; may be given again
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// How long it is good for: 90s, 30m, 1h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    expires: u64,
    /// Who has it may have tokens made, none of which allows more than this one
    #[arg(long)]
    mint: bool,
}

/// Prints the token, and nothing else.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let settings = Settings::gather(ServerOptions {
        config: options.config,
        auth: options.auth,
        // Nothing will listen.
        insecure: Some(true),
        ..ServerOptions::default()
    })?;
    let order = Order {
        sub: options.sub,
        name: options.name,
        color: options.color,
        document: some(options.document),
        prefix: some(options.prefix),
        role: options.role,
        groups: some(options.group),
        expires_in_s: options.expires,
        mint: options.mint,
    };
    let auth = &settings.auth;
    let minted = mint(
        &auth.keys,
        &auth.rules,
        order,
        &MintRight::whole(),
        unix_now_s(),
    )?;
    println!("{}", minted.token);
    Ok(ExitCode::SUCCESS)
}

fn some(texts: Vec<String>) -> Option<Texts> {
    (!texts.is_empty()).then_some(Texts::Many(texts))
}

fn seconds(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("end with s, m, h or d".into()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "begin with a whole number".to_owned())?;
    number.checked_mul(unit_s).ok_or_else(|| "too long".into())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_a_number_and_a_unit() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("1h"), Ok(3_600));
        assert_eq!(seconds("7d"), Ok(604_800));
        for wrong in ["", "h", "10", "1.5h", "-1h", "1é", "18446744073709551615d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
