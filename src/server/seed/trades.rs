//! Small French businesses and what people call them about. Everything is invented; numbers come from the ranges kept for fiction
//! (Arcep decision 2019-0954: 01 99 00, 02 61 91, 03 53 01, 04 65 71, 05 36 49, 06 39 98).

/// A kind of business.
pub struct Trade {
    pub names: &'static [&'static str],
    /// Who callers ask for.
    pub people: &'static [&'static str],
    /// What an appointment is for: as callers say it, and in two words.
    pub subjects: &'static [(&'static str, &'static str)],
    /// A question, its answer, and the gist for the summary.
    pub questions: &'static [(&'static str, &'static str, &'static str)],
    /// What cannot wait, and its gist.
    pub emergencies: &'static [(&'static str, &'static str)],
    /// A message for somebody, and its gist.
    pub messages: &'static [(&'static str, &'static str)],
    /// What went wrong, and its gist.
    pub complaints: &'static [(&'static str, &'static str)],
}

/// Every trade, in the order organisations take turns.
pub const TRADES: &[Trade] = &[
    Trade {
        names: &["Clinique des Tilleuls", "Clinique vétérinaire du Port", "Cabinet vétérinaire Rivoire", "Clinique vétérinaire des Halles"],
        people: &["le docteur Lefèvre", "la docteure Renard", "l'accueil"],
        subjects: &[
            ("le vaccin annuel de mon chien", "vaccin du chien"),
            ("la stérilisation de ma chatte", "stérilisation de la chatte"),
            ("un contrôle après l'opération d'Oslo", "contrôle après opération"),
            ("mon lapin qui ne mange presque plus", "lapin sans appétit"),
            ("le détartrage de mon vieux labrador", "détartrage du labrador"),
        ],
        questions: &[
            (
                "est-ce que vous êtes ouverts le samedi ?",
                "Oui, le samedi de neuf heures à treize heures. Ensuite l'astreinte prend les urgences.",
                "les horaires du samedi",
            ),
            (
                "combien coûte une consultation ?",
                "La consultation est à quarante-deux euros, hors médicaments.",
                "le prix d'une consultation",
            ),
            (
                "est-ce que vous soignez les lapins ?",
                "Oui, le docteur Lefèvre reçoit les lapins le mardi et le jeudi.",
                "les soins aux lapins",
            ),
        ],
        emergencies: &[
            ("Mon chien respire très mal depuis dix minutes, je ne sais pas quoi faire.", "chien en détresse respiratoire"),
            ("Ma chatte vient d'être renversée par une voiture, elle saigne.", "chatte renversée, saignement"),
        ],
        messages: &[
            ("il faudrait renouveler l'ordonnance de Méloxicam pour Oslo", "renouvellement d'ordonnance pour Oslo"),
            ("les résultats de la prise de sang ne sont pas arrivés", "résultats de prise de sang attendus"),
        ],
        complaints: &[("vous m'avez facturé quatre-vingt-quatre euros pour une visite de cinq minutes", "facture de 84 € contestée")],
    },
    Trade {
        names: &["Garage du Vieux Port", "Garage Morel et fils", "Auto Service des Quais", "Garage de la Gare"],
        people: &["monsieur Morel", "l'atelier", "le carrossier"],
        subjects: &[
            ("la révision de ma Clio", "révision de la Clio"),
            ("le contrôle avant le contrôle technique", "pré-contrôle technique"),
            ("changer mes pneus pour l'hiver", "pneus hiver"),
            ("un bruit bizarre quand je freine", "bruit au freinage"),
        ],
        questions: &[
            (
                "est-ce que vous prêtez un véhicule pendant la réparation ?",
                "Oui, sur réservation, à quinze euros la journée.",
                "le véhicule de prêt",
            ),
            (
                "combien coûte une vidange ?",
                "La vidange avec filtre commence à quatre-vingt-neuf euros selon le modèle.",
                "le prix d'une vidange",
            ),
            (
                "à quelle heure je peux déposer la voiture ?",
                "À partir de sept heures trente, une boîte à clés est devant le portail.",
                "le dépôt du véhicule",
            ),
        ],
        emergencies: &[
            ("Je suis en panne sur la rocade, la voiture fume.", "panne avec fumée sur la rocade"),
            ("Mes freins ne répondent plus, je me suis arrêtée sur un parking.", "freins hors service"),
        ],
        messages: &[
            ("je veux savoir si la pièce pour mon alternateur est arrivée", "pièce d'alternateur attendue"),
            ("l'expert de l'assurance passe jeudi matin", "passage de l'expert jeudi"),
        ],
        complaints: &[("le voyant s'est rallumé deux jours après votre réparation", "voyant rallumé après réparation")],
    },
    Trade {
        names: &["Cabinet dentaire Beaulieu", "Cabinet dentaire du docteur Amrani", "Centre dentaire des Lices"],
        people: &["la docteure Amrani", "le docteur Beaulieu", "le secrétariat"],
        subjects: &[
            ("un contrôle et un détartrage", "contrôle et détartrage"),
            ("une couronne qui s'est descellée", "couronne descellée"),
            ("la première visite de ma fille", "première visite enfant"),
            ("une dent sensible au froid", "dent sensible"),
        ],
        questions: &[
            (
                "est-ce que vous prenez la carte Vitale et le tiers payant ?",
                "Oui, la carte Vitale et le tiers payant sur la part obligatoire.",
                "le tiers payant",
            ),
            ("est-ce que le parking est gratuit ?", "Oui, une heure, en demandant un ticket au secrétariat.", "le parking"),
            (
                "est-ce que vous acceptez de nouveaux patients ?",
                "Oui, avec un délai d'environ trois semaines pour une première visite.",
                "les nouveaux patients",
            ),
        ],
        emergencies: &[
            ("J'ai une rage de dents terrible et la joue qui gonfle.", "douleur aiguë et joue gonflée"),
            ("Mon fils est tombé, il a une dent cassée.", "dent cassée chez un enfant"),
        ],
        messages: &[
            ("il me faut le devis signé pour ma mutuelle", "devis pour la mutuelle"),
            ("je serai en retard de dix minutes cet après-midi", "retard de dix minutes"),
        ],
        complaints: &[("j'ai attendu cinquante minutes hier alors que j'avais rendez-vous", "attente de cinquante minutes")],
    },
    Trade {
        names: &["Agence Les Remparts", "Immobilière du Canal", "Agence Horizon Sud"],
        people: &["madame Garnier", "le service location", "monsieur Okafor"],
        subjects: &[
            ("visiter le trois-pièces de la rue des Lilas", "visite rue des Lilas"),
            ("une estimation de ma maison", "estimation d'une maison"),
            ("l'état des lieux de sortie", "état des lieux de sortie"),
        ],
        questions: &[
            (
                "est-ce que l'appartement rue des Lilas est encore disponible ?",
                "Oui, il est encore disponible, les visites ont lieu le jeudi et le samedi.",
                "la disponibilité du bien rue des Lilas",
            ),
            (
                "quelles pièces faut-il pour un dossier de location ?",
                "Une pièce d'identité, vos trois dernières fiches de paie et l'avis d'imposition.",
                "le dossier de location",
            ),
            (
                "quels sont vos honoraires de vente ?",
                "Quatre pour cent du prix de vente, à la charge du vendeur.",
                "les honoraires de vente",
            ),
        ],
        emergencies: &[
            ("Il y a de l'eau qui coule du plafond dans l'appartement que vous gérez.", "dégât des eaux en cours"),
            ("La serrure est bloquée, je suis enfermée dehors avec mon bébé.", "locataire bloquée dehors"),
        ],
        messages: &[
            ("le chauffe-eau ne marche plus depuis ce matin", "chauffe-eau en panne"),
            ("je donne mon accord pour l'offre à deux cent douze mille", "accord sur une offre"),
        ],
        complaints: &[("personne ne m'a rappelé depuis trois semaines pour ma caution", "caution non rendue")],
    },
    Trade {
        names: &["Plomberie Moreau", "Dépannage Lacroix", "Chauffage Bertin"],
        people: &["monsieur Moreau", "le technicien d'astreinte", "le bureau"],
        subjects: &[
            ("l'entretien annuel de ma chaudière", "entretien de chaudière"),
            ("remplacer un robinet de cuisine", "remplacement de robinet"),
            ("un devis pour une salle de bains", "devis salle de bains"),
        ],
        questions: &[
            ("combien coûte le déplacement ?", "Le déplacement est à trente-cinq euros dans l'agglomération.", "le prix du déplacement"),
            (
                "est-ce que vous installez des pompes à chaleur ?",
                "Oui, nous sommes certifiés RGE et montons le dossier d'aide avec vous.",
                "les pompes à chaleur",
            ),
        ],
        emergencies: &[
            ("J'ai une fuite énorme sous l'évier, ça coule partout.", "fuite importante sous l'évier"),
            ("Plus de chauffage ni d'eau chaude, et nous avons un nourrisson.", "plus de chauffage, nourrisson"),
        ],
        messages: &[
            ("le devis reçu ne compte pas le radiateur de la chambre", "devis incomplet"),
            ("je préfère décaler les travaux d'une semaine", "travaux à décaler"),
        ],
        complaints: &[("le joint que vous avez changé fuit déjà", "joint changé qui fuit")],
    },
];

/// Given names, with the form of address.
pub const FIRST_NAMES: &[(&str, &str)] = &[
    ("Nadia", "madame"),
    ("Jérôme", "monsieur"),
    ("Camille", "madame"),
    ("Thomas", "monsieur"),
    ("Yasmine", "madame"),
    ("Hugo", "monsieur"),
    ("Inès", "madame"),
    ("Lucas", "monsieur"),
    ("Sophie", "madame"),
    ("Mehdi", "monsieur"),
    ("Chloé", "madame"),
    ("Antoine", "monsieur"),
    ("Fatou", "madame"),
    ("Paul", "monsieur"),
    ("Élodie", "madame"),
    ("Karim", "monsieur"),
    ("Manon", "madame"),
    ("Julien", "monsieur"),
    ("Awa", "madame"),
    ("Nicolas", "monsieur"),
    ("Claire", "madame"),
    ("Olivier", "monsieur"),
    ("Léna", "madame"),
    ("Bruno", "monsieur"),
];

/// Family names.
pub const LAST_NAMES: &[&str] = &[
    "Garnier",
    "Blanc",
    "Keller",
    "Haddad",
    "Lefèvre",
    "Okafor",
    "Morel",
    "Petit",
    "Dubois",
    "Fontaine",
    "Rousseau",
    "Lambert",
    "Diallo",
    "Mercier",
    "Benali",
    "Chevalier",
    "Robin",
    "Masson",
    "Nguyen",
    "Sanchez",
    "Gauthier",
    "Perrin",
    "Dumas",
    "Leroy",
    "Brun",
    "Marchand",
    "Colin",
    "Barbier",
];

/// The first figures of numbers kept for fiction, in E.164.
pub const FICTION: &[&str] = &["+3363998", "+3363998", "+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649"];

/// Days as people say them.
pub const DAYS: &[&str] = &["lundi", "mardi", "mercredi", "jeudi", "vendredi"];
/// Hours as people say them: morning, then afternoon.
pub const HOURS: &[(&str, &str)] = &[
    ("le matin", "neuf heures"),
    ("le matin", "dix heures"),
    ("le matin", "onze heures"),
    ("l'après-midi", "quatorze heures"),
    ("l'après-midi", "quinze heures trente"),
    ("en fin de journée", "dix-sept heures"),
];
