//! What the pages say in both languages.

use crate::http::language::Language;

/// Every text of the pages themselves.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) skip: &'static str,
    pub(super) home: &'static str,
    pub(super) you_are_here: &'static str,
    pub(super) search: &'static str,
    pub(super) other_language: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) guide: &'static str,
    pub(super) guide_title: &'static str,
    pub(super) guide_start: &'static str,
    pub(super) about: &'static str,
    pub(super) administration: &'static str,
    pub(super) templates: &'static str,
    pub(super) tasks: &'static str,
    pub(super) news: &'static str,
    pub(super) promise: &'static str,

    pub(super) spaces: &'static str,
    pub(super) my_spaces: &'static str,
    pub(super) open_spaces: &'static str,
    pub(super) public: &'static str,
    pub(super) signed_in_only: &'static str,
    pub(super) members_only: &'static str,
    pub(super) no_spaces: &'static str,
    pub(super) no_spaces_operator: &'static str,
    pub(super) no_spaces_stranger: &'static str,
    pub(super) more_spaces: &'static str,

    pub(super) pages: &'static str,
    pub(super) pages_of_space: &'static str,
    pub(super) all_pages: &'static str,
    pub(super) no_pages: &'static str,
    pub(super) no_pages_writer: &'static str,
    pub(super) some_pages: &'static str,
    pub(super) tools_of_space: &'static str,
    pub(super) tools_of_page: &'static str,

    pub(super) read: &'static str,
    pub(super) edit: &'static str,
    pub(super) editor_needs_script: &'static str,
    pub(super) on_this_page: &'static str,
    pub(super) contents: &'static str,
    pub(super) callout_info: &'static str,
    pub(super) callout_tip: &'static str,
    pub(super) callout_warning: &'static str,
    pub(super) callout_danger: &'static str,
    pub(super) pages_below: &'static str,
    pub(super) empty_page: &'static str,
    pub(super) empty_page_writer: &'static str,
    pub(super) locked: &'static str,
    pub(super) in_trash: &'static str,
    pub(super) table: &'static str,
    pub(super) done: &'static str,
    pub(super) not_done: &'static str,
    pub(super) screen_needs_script: &'static str,

    pub(super) new_page: &'static str,
    pub(super) title: &'static str,
    pub(super) bad_title: &'static str,
    pub(super) page_above: &'static str,
    pub(super) top_of_space: &'static str,
    pub(super) create: &'static str,

    pub(super) link_title: &'static str,
    pub(super) link_password: &'static str,
    pub(super) link_wrong_password: &'static str,
    pub(super) link_too_often: &'static str,
    pub(super) link_name: &'static str,
    pub(super) link_unknown: &'static str,
    pub(super) link_ended: &'static str,
    pub(super) your_name: &'static str,
    pub(super) password: &'static str,
    pub(super) come_in: &'static str,
    pub(super) leave: &'static str,

    pub(super) missing: (&'static str, &'static str),
    pub(super) sign_in_first: (&'static str, &'static str),
    pub(super) not_yours: (&'static str, &'static str),
    pub(super) gone: (&'static str, &'static str),
    pub(super) unavailable: (&'static str, &'static str),
    pub(super) broken: (&'static str, &'static str),
    pub(super) to_home: &'static str,
}

impl Words {
    /// Of one language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }
}

const ENGLISH: Words = Words {
    skip: "Skip to the content",
    home: "Home",
    you_are_here: "You are here",
    search: "Search",
    other_language: "Français",
    sign_in: "Sign in",
    sign_out: "Sign out",
    guide: "Guide",
    guide_title: "Guide: write together, look after a space",
    guide_start: "First steps, in the guide",
    about: "About this server",
    administration: "Administration",
    templates: "Templates",
    tasks: "My tasks",
    news: "For me",
    promise: "Many people write the same page at once. Nothing that was called saved is ever lost.",

    spaces: "Spaces",
    my_spaces: "My spaces",
    open_spaces: "Spaces open to you",
    public: "public",
    signed_in_only: "for everybody who signs in",
    members_only: "for members",
    no_spaces: "You belong to no space yet. Ask the person who looks after a space to add you, or to send \
        you a link.",
    no_spaces_operator: "There is no space yet. A space holds the pages of one team, project or \
        community; whoever makes it looks after it.",
    no_spaces_stranger: "No space here is public. Sign in to see yours.",
    more_spaces: "There are more spaces than this page shows: search finds them.",

    pages: "Pages",
    pages_of_space: "Pages of this space",
    all_pages: "All pages",
    no_pages: "This space has no pages that you may read yet.",
    no_pages_writer: "This space has no pages yet. Add the first: a welcome page that says what the \
        space is for is a good start.",
    some_pages: "Only the upper levels are shown: open a page to see those below it.",
    tools_of_space: "This space",
    tools_of_page: "This page",

    read: "Read",
    edit: "Edit",
    editor_needs_script: "Writing needs JavaScript. You can still read the page.",
    on_this_page: "On this page",
    contents: "Contents",
    callout_info: "Good to know",
    callout_tip: "Tip",
    callout_warning: "Take care",
    callout_danger: "Danger",
    pages_below: "Below this page",
    empty_page: "Nobody has written here yet.",
    empty_page_writer: "Nobody has written here yet. Choose Edit and begin: others can join you at any \
        moment, and everything is saved as you type.",
    locked: "This page is locked: only those who look after the space write here.",
    in_trash: "This page is in the trash: only those who look after the space see it.",
    table: "Table",
    done: "done",
    not_done: "to do",
    screen_needs_script: "This screen needs JavaScript. Reading works without it.",

    new_page: "New page",
    title: "Title",
    bad_title: "A title is one line, neither blank nor too long: please write another one.",
    page_above: "Below which page",
    top_of_space: "none: at the top of the space",
    create: "Create and write",

    link_title: "You have been sent a link",
    link_password: "This link has a password.",
    link_wrong_password: "That is not the password.",
    link_too_often: "Too many tries: come back in a quarter of an hour.",
    link_name: "Say what you are called, in one line.",
    link_unknown: "There is no such link, or it was revoked. Ask whoever sent it for another one.",
    link_ended: "This link has ended. Ask whoever sent it for another one.",
    your_name: "Your name",
    password: "Password",
    come_in: "Come in",
    leave: "Leave",

    missing: (
        "There is nothing here",
        "There is no such page, or it is not open to you. Ask the person who sent you here.",
    ),
    sign_in_first: (
        "Who are you?",
        "There may be something here for you once you have signed in, or come by a link that \
         somebody has sent you.",
    ),
    not_yours: (
        "That is not for you to do here",
        "Ask the person who looks after the space to let you.",
    ),
    gone: (
        "This page was deleted",
        "Those who look after the space can bring it back.",
    ),
    unavailable: (
        "Not just now",
        "The server has too much to do or cannot reach its store. Nothing is lost; try again in a \
         moment.",
    ),
    broken: (
        "This page cannot be shown",
        "The server has found a damage and shows nothing rather than something wrong. Whoever looks \
         after the server has to see to it.",
    ),
    to_home: "To the list of spaces",
};

const FRENCH: Words = Words {
    skip: "Aller au contenu",
    home: "Accueil",
    you_are_here: "Vous êtes ici",
    search: "Rechercher",
    other_language: "English",
    sign_in: "Se connecter",
    sign_out: "Se déconnecter",
    guide: "Guide",
    guide_title: "Guide : écrire à plusieurs, animer un espace",
    guide_start: "Premiers pas, dans le guide",
    about: "À propos de ce serveur",
    administration: "Administration",
    templates: "Modèles",
    tasks: "Mes tâches",
    news: "Pour moi",
    promise: "Écrire à plusieurs la même page, en même temps. Rien de ce qui est dit enregistré n’est \
        jamais perdu.",

    spaces: "Espaces",
    my_spaces: "Mes espaces",
    open_spaces: "Espaces qui vous sont ouverts",
    public: "public",
    signed_in_only: "pour toute personne connectée",
    members_only: "pour ses membres",
    no_spaces: "Vous n’êtes membre d’aucun espace. Demandez à la personne qui anime un espace de vous \
        y ajouter, ou de vous envoyer un lien.",
    no_spaces_operator: "Il n’y a pas encore d’espace. Un espace rassemble les pages d’une équipe, d’un \
        projet ou d’une communauté ; qui le crée l’anime.",
    no_spaces_stranger: "Aucun espace n’est public ici. Connectez-vous pour voir les vôtres.",
    more_spaces: "Il y a plus d’espaces que cette page n’en montre : la recherche les trouve.",

    pages: "Pages",
    pages_of_space: "Pages de cet espace",
    all_pages: "Toutes les pages",
    no_pages: "Cet espace n’a pas encore de page que vous puissiez lire.",
    no_pages_writer: "Cet espace n’a pas encore de page. Ajoutez la première : une page d’accueil qui \
        dit à quoi sert l’espace est un bon début.",
    some_pages: "Seuls les premiers niveaux sont montrés : ouvrez une page pour voir celles du dessous.",
    tools_of_space: "Cet espace",
    tools_of_page: "Cette page",

    read: "Lire",
    edit: "Modifier",
    editor_needs_script: "Écrire demande JavaScript. Vous pouvez lire la page sans lui.",
    on_this_page: "Sur cette page",
    contents: "Sommaire",
    callout_info: "À savoir",
    callout_tip: "Astuce",
    callout_warning: "Attention",
    callout_danger: "Danger",
    pages_below: "Sous cette page",
    empty_page: "Personne n’a encore écrit ici.",
    empty_page_writer: "Personne n’a encore écrit ici. Choisissez Modifier et commencez : d’autres \
        peuvent vous rejoindre à tout moment, et tout est enregistré au fil de la frappe.",
    locked: "Cette page est verrouillée : seules les personnes qui animent l’espace y écrivent.",
    in_trash: "Cette page est dans la corbeille : seules les personnes qui animent l’espace la voient.",
    table: "Tableau",
    done: "fait",
    not_done: "à faire",
    screen_needs_script: "Cet écran demande JavaScript. La lecture s’en passe.",

    new_page: "Nouvelle page",
    title: "Titre",
    bad_title: "Un titre tient sur une ligne, sans être vide ni trop long : écrivez-en un autre.",
    page_above: "Sous quelle page",
    top_of_space: "aucune : en haut de l’espace",
    create: "Créer et écrire",

    link_title: "Vous avez reçu un lien",
    link_password: "Ce lien demande un mot de passe.",
    link_wrong_password: "Ce n’est pas le bon mot de passe.",
    link_too_often: "Trop d’essais : réessayez dans un quart d’heure.",
    link_name: "Indiquez votre nom, sur une ligne.",
    link_unknown: "Ce lien n’existe pas ou a été révoqué. Demandez-en un autre à qui vous l’a envoyé.",
    link_ended: "Ce lien n’est plus valable. Demandez-en un autre à qui vous l’a envoyé.",
    your_name: "Votre nom",
    password: "Mot de passe",
    come_in: "Entrer",
    leave: "Quitter",

    missing: (
        "Il n’y a rien ici",
        "Cette page n’existe pas, ou ne vous est pas ouverte. Demandez à la personne qui vous a envoyé ici.",
    ),
    sign_in_first: (
        "Qui êtes-vous ?",
        "Il y a peut-être quelque chose ici pour vous, une fois que vous vous serez connecté ou que vous \
         aurez suivi le lien que l’on vous a envoyé.",
    ),
    not_yours: (
        "Vous ne pouvez pas faire cela ici",
        "Demandez à la personne qui anime l’espace de vous le permettre.",
    ),
    gone: (
        "Cette page a été supprimée",
        "Les personnes qui animent l’espace peuvent la rétablir.",
    ),
    unavailable: (
        "Pas maintenant",
        "Le serveur a trop à faire ou ne joint pas ses fichiers. Rien n’est perdu ; réessayez dans un \
         instant.",
    ),
    broken: (
        "Cette page ne peut pas être montrée",
        "Le serveur a trouvé un dommage et ne montre rien plutôt que quelque chose de faux. La personne \
         qui s’occupe du serveur doit y regarder.",
    ),
    to_home: "Vers la liste des espaces",
};
