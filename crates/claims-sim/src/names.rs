//! What the invented people are called, where they live, what they drove and who lent them the money.

/// First and last names that belong together, and how many people in a thousand are named from them.
pub(crate) struct Community {
    pub(crate) weight: u32,
    pub(crate) first: &'static [&'static str],
    pub(crate) last: &'static [&'static str],
}

/// Roughly the mix of Britain's own census; the weights add up to 1,000.
pub(crate) const COMMUNITIES: &[Community] = &[
    Community { weight: 690, first: BRITISH_FIRST, last: BRITISH_LAST },
    Community { weight: 80, first: CELTIC_FIRST, last: CELTIC_LAST },
    Community { weight: 70, first: MUSLIM_FIRST, last: MUSLIM_LAST },
    Community { weight: 55, first: INDIAN_FIRST, last: INDIAN_LAST },
    Community { weight: 40, first: AFRICAN_FIRST, last: AFRICAN_LAST },
    Community { weight: 45, first: EUROPEAN_FIRST, last: EUROPEAN_LAST },
    Community { weight: 20, first: EAST_ASIAN_FIRST, last: EAST_ASIAN_LAST },
];

const BRITISH_FIRST: &[&str] = &[
    "Abigail", "Adam", "Adrian", "Aidan", "Alan", "Albert", "Alex", "Alexandra", "Alfie", "Alice", "Alison", "Amanda", "Amber",
    "Amelia", "Amy", "Andrea", "Andrew", "Angela", "Anita", "Ann", "Anna", "Annabel", "Anne", "Anthony", "Archie", "Arthur", "Ashley",
    "Barbara", "Barry", "Beatrice", "Becky", "Ben", "Benjamin", "Beth", "Bethany", "Beverley", "Bradley", "Brenda", "Brian", "Callum",
    "Carl", "Carol", "Caroline", "Catherine", "Charles", "Charlie", "Charlotte", "Chelsea", "Cheryl", "Chloe", "Christine",
    "Christopher", "Claire", "Clare", "Clive", "Colin", "Connor", "Craig", "Daisy", "Dale", "Damian", "Daniel", "Danielle", "Darren",
    "David", "Dawn", "Dean", "Debbie", "Deborah", "Denise", "Dennis", "Derek", "Diane", "Dominic", "Donna", "Dorothy", "Dylan",
    "Edward", "Eileen", "Elaine", "Eleanor", "Elizabeth", "Ella", "Ellie", "Elsie", "Emily", "Emma", "Eric", "Ethan", "Evelyn", "Faye",
    "Felicity", "Florence", "Frances", "Frank", "Fred", "Freya", "Gareth", "Gary", "Gavin", "Gemma", "Geoffrey", "George", "Georgia",
    "Georgina", "Gerald", "Gillian", "Glenn", "Grace", "Graham", "Grant", "Greg", "Hannah", "Harriet", "Harry", "Harvey", "Hayley",
    "Hazel", "Heather", "Heidi", "Helen", "Henry", "Hilary", "Holly", "Howard", "Hugh", "Imogen", "Irene", "Isaac", "Isabel",
    "Isabella", "Isla", "Jack", "Jackie", "Jacob", "Jacqueline", "Jade", "Jake", "James", "Jamie", "Jane", "Janet", "Janice", "Jason",
    "Jean", "Jeffrey", "Jemma", "Jennifer", "Jeremy", "Jessica", "Jill", "Joan", "Joanna", "Joanne", "Jodie", "Joe", "John", "Jonathan",
    "Jordan", "Joseph", "Joshua", "Joyce", "Judith", "Julia", "Julian", "Julie", "Justin", "Karen", "Karl", "Kate", "Katherine",
    "Kathleen", "Katie", "Kayleigh", "Keith", "Kelly", "Kenneth", "Kerry", "Kevin", "Kieran", "Kim", "Kirsty", "Kyle", "Laura",
    "Lauren", "Leah", "Lee", "Leo", "Leon", "Leslie", "Lewis", "Liam", "Linda", "Lindsay", "Lisa", "Lorraine", "Louis", "Louise",
    "Lucy", "Luke", "Lydia", "Lynn", "Maisie", "Malcolm", "Marcus", "Margaret", "Maria", "Marie", "Marilyn", "Marion", "Mark", "Martin",
    "Mary", "Mason", "Matilda", "Matthew", "Maureen", "Max", "Maxine", "Megan", "Melanie", "Melissa", "Michael", "Michelle", "Millie",
    "Mollie", "Nancy", "Naomi", "Natalie", "Natasha", "Nathan", "Neil", "Nicholas", "Nicola", "Nigel", "Noah", "Norman", "Oliver",
    "Olivia", "Oscar", "Owen", "Paige", "Pamela", "Patricia", "Paul", "Paula", "Pauline", "Penny", "Peter", "Philip", "Phoebe", "Poppy",
    "Rachel", "Ralph", "Raymond", "Rebecca", "Reece", "Richard", "Rita", "Robert", "Robin", "Rodney", "Roger", "Ronald", "Rosemary",
    "Rosie", "Roy", "Russell", "Ruth", "Ryan", "Sally", "Samantha", "Samuel", "Sandra", "Sara", "Sarah", "Scott", "Sean", "Sebastian",
    "Shane", "Sharon", "Sheila", "Shirley", "Simon", "Sophie", "Stacey", "Stanley", "Stephanie", "Stephen", "Steven", "Stewart",
    "Stuart", "Susan", "Suzanne", "Sylvia", "Tara", "Terence", "Teresa", "Theo", "Thomas", "Timothy", "Tina", "Toby", "Tony", "Tracey",
    "Trevor", "Valerie", "Vanessa", "Vera", "Victoria", "Vincent", "Violet", "Vivien", "Wayne", "Wendy", "William", "Yvonne", "Zachary",
    "Zara", "Zoe",
];

const BRITISH_LAST: &[&str] = &[
    "Abbott", "Adams", "Adamson", "Ainsworth", "Alexander", "Allen", "Anderson", "Andrews", "Archer", "Armitage", "Armstrong", "Arnold",
    "Ashton", "Atkins", "Atkinson", "Austin", "Bailey", "Baker", "Baldwin", "Ball", "Banks", "Barber", "Barker", "Barlow", "Barnes",
    "Barnett", "Barrett", "Barton", "Bates", "Baxter", "Beaumont", "Beckett", "Bell", "Bennett", "Benson", "Berry", "Birch", "Bird",
    "Bishop", "Blackburn", "Blake", "Bond", "Booth", "Bowen", "Bradley", "Bradshaw", "Brady", "Bridges", "Briggs", "Brookes", "Brooks",
    "Brown", "Bryant", "Buckley", "Bull", "Burgess", "Burke", "Burns", "Burrows", "Burton", "Butler", "Carpenter", "Carr", "Carter",
    "Cartwright", "Chadwick", "Chambers", "Chapman", "Charlton", "Clark", "Clarke", "Clayton", "Clements", "Coates", "Cole", "Coleman",
    "Collier", "Collins", "Connolly", "Cook", "Cooke", "Cooper", "Cox", "Crawford", "Cross", "Crossley", "Cunningham", "Curtis", "Dale",
    "Daniels", "Davidson", "Davison", "Dawson", "Day", "Dean", "Dennis", "Dickinson", "Dixon", "Dobson", "Doyle", "Drew", "Duncan",
    "Dunn", "Eaton", "Edwards", "Elliott", "Ellis", "Farrell", "Faulkner", "Field", "Finch", "Fisher", "Fletcher", "Ford", "Foster",
    "Fowler", "Fox", "Francis", "Franklin", "Freeman", "French", "Frost", "Fuller", "Gallagher", "Gardiner", "Gardner", "George",
    "Gibbs", "Gibson", "Gilbert", "Giles", "Gill", "Goddard", "Goodwin", "Gough", "Gould", "Graham", "Grant", "Graves", "Gray", "Green",
    "Greenwood", "Gregory", "Griffin", "Hale", "Hall", "Hancock", "Hardy", "Harper", "Harris", "Harrison", "Hart", "Hartley", "Harvey",
    "Hawkins", "Hayes", "Haynes", "Henderson", "Herbert", "Hewitt", "Hicks", "Higgins", "Hill", "Hobbs", "Hodgson", "Holden", "Holland",
    "Holloway", "Holmes", "Holt", "Hope", "Hopkins", "Horton", "Howard", "Howarth", "Howe", "Hudson", "Humphries", "Hunt", "Hunter",
    "Hurst", "Hutchinson", "Ingram", "Jackson", "Jarvis", "Jenkinson", "Jennings", "John", "Johnson", "Johnston", "Jordan", "Joyce",
    "Kay", "Kemp", "Kent", "Kerr", "King", "Kirby", "Kirk", "Knight", "Knowles", "Lamb", "Lambert", "Lane", "Law", "Lawrence", "Lawson",
    "Leach", "Lee", "Leonard", "Little", "Lloyd", "Long", "Lord", "Lowe", "Lucas", "Lynch", "Lyons", "Manning", "Marsden", "Marsh",
    "Marshall", "Martin", "Mason", "Matthews", "May", "Metcalfe", "Middleton", "Miles", "Miller", "Mills", "Mitchell", "Moore", "Moran",
    "Moreton", "Morley", "Morris", "Morrison", "Moss", "Murray", "Myers", "Nash", "Naylor", "Nelson", "Newman", "Newton", "Nicholls",
    "Nicholson", "Nixon", "Noble", "Nolan", "Norman", "Norris", "North", "Norton", "Oliver", "Osborne", "Page", "Palmer", "Parker",
    "Parkin", "Parkinson", "Parsons", "Patterson", "Payne", "Peacock", "Pearce", "Pearson", "Perkins", "Perry", "Peters", "Phillips",
    "Pickering", "Pike", "Pollard", "Poole", "Pope", "Porter", "Potter", "Potts", "Pratt", "Preston", "Price", "Read", "Reeves", "Reid",
    "Reynolds", "Rhodes", "Richards", "Richardson", "Riley", "Robinson", "Rogers", "Rose", "Rowe", "Rowley", "Russell", "Ryan",
    "Sanders", "Sanderson", "Saunders", "Savage", "Schofield", "Scott", "Sharp", "Shaw", "Shepherd", "Short", "Simmons", "Simpson",
    "Skinner", "Slater", "Smart", "Smith", "Spencer", "Stephens", "Stephenson", "Stevens", "Stevenson", "Stokes", "Stone", "Storey",
    "Summers", "Sutton", "Swift", "Sykes", "Taylor", "Thompson", "Thomson", "Thornton", "Thorpe", "Todd", "Tomlinson", "Townsend",
    "Tucker", "Turnbull", "Turner", "Vaughan", "Vincent", "Wade", "Walker", "Wall", "Wallis", "Walsh", "Walters", "Walton", "Ward",
    "Warner", "Warren", "Waters", "Watkins", "Watson", "Watts", "Webb", "Webster", "Welch", "West", "Weston", "Wheeler", "White",
    "Whitehead", "Whitehouse", "Whittaker", "Wilkins", "Wilkinson", "Willis", "Wilson", "Winter", "Wood", "Woods", "Woodward", "Wright",
    "Wyatt", "Yates", "Young",
];

const CELTIC_FIRST: &[&str] = &[
    "Ailsa", "Alasdair", "Angharad", "Angus", "Aoife", "Bronwen", "Bryn", "Cameron", "Carys", "Catriona", "Cerys", "Ciara", "Ciarán",
    "Conor", "Deirdre", "Duncan", "Eilidh", "Eimear", "Elin", "Ewan", "Fergus", "Ffion", "Fiona", "Fraser", "Gethin", "Gwen", "Hamish",
    "Iain", "Ieuan", "Kirsten", "Lowri", "Mairead", "Megan", "Moira", "Morag", "Niall", "Niamh", "Nia", "Orla", "Padraig", "Rhian", "Rhys",
    "Rory", "Ruaridh", "Seán", "Sian", "Siobhán", "Sinead", "Tomos", "Una",
];

const CELTIC_LAST: &[&str] = &[
    "Beattie", "Bevan", "Boyle", "Buchanan", "Cadwallader", "Cameron", "Campbell", "Craig", "Davies", "Docherty", "Doherty", "Douglas",
    "Evans", "Ferguson", "Fitzgerald", "Forbes", "Fraser", "Gordon", "Griffiths", "Hamilton", "Hughes", "Jenkins", "Jones", "Kelly",
    "Kennedy", "Lewis", "Llewellyn", "MacDonald", "MacKenzie", "MacLeod", "McAllister", "McBride", "McCarthy", "McCormack", "McDermott",
    "McGregor", "McIntyre", "McKay", "McLaughlin", "McLean", "McNeill", "Meredith", "Morgan", "Munro", "Murphy", "O'Brien", "O'Connor",
    "O'Donnell", "O'Hara", "O'Neill", "O'Sullivan", "Owen", "Parry", "Powell", "Pritchard", "Pugh", "Quinn", "Rees", "Roberts",
    "Robertson", "Sinclair", "Stewart", "Sutherland", "Thomas", "Urquhart", "Wallace", "Williams",
];

const MUSLIM_FIRST: &[&str] = &[
    "Aaliyah", "Abdul", "Adnan", "Ahmed", "Aisha", "Ali", "Amina", "Asif", "Ayesha", "Bilal", "Faisal", "Farah", "Fatima", "Hamza",
    "Hassan", "Ibrahim", "Imran", "Iqra", "Irfan", "Ismail", "Javed", "Kamran", "Khadija", "Layla", "Maryam", "Mohammed", "Mustafa",
    "Nadia", "Nasreen", "Omar", "Rabia", "Rashid", "Rukhsana", "Saima", "Sajid", "Salma", "Samina", "Shabana", "Shahid", "Sumaira",
    "Tahira", "Tariq", "Usman", "Yasmin", "Yusuf", "Zainab", "Zeeshan",
];

const MUSLIM_LAST: &[&str] = &[
    "Abbas", "Afzal", "Ahmad", "Ahmed", "Akhtar", "Ali", "Anwar", "Aslam", "Aziz", "Begum", "Bhatti", "Butt", "Chaudhry", "Choudhury",
    "Farooq", "Hassan", "Hussain", "Ibrahim", "Iqbal", "Islam", "Javed", "Karim", "Khan", "Khatun", "Mahmood", "Malik", "Miah", "Mirza",
    "Mohamud", "Mohammed", "Mughal", "Nawaz", "Parveen", "Qureshi", "Rahman", "Rashid", "Raza", "Saleem", "Shah", "Sheikh", "Siddiqui",
    "Uddin", "Yousaf", "Zaman",
];

const INDIAN_FIRST: &[&str] = &[
    "Aarav", "Ajay", "Amit", "Amrit", "Anil", "Anjali", "Arjun", "Arun", "Balbir", "Deepa", "Deepak", "Divya", "Gurpreet", "Harjit",
    "Harpreet", "Ishaan", "Jasmin", "Jaspreet", "Kamaljit", "Kavita", "Kiran", "Lakshmi", "Manpreet", "Meera", "Mohan", "Neha", "Nikhil",
    "Nisha", "Pooja", "Prakash", "Pranav", "Priya", "Rajesh", "Ravi", "Rekha", "Ritu", "Rohan", "Sandeep", "Sanjay", "Sarita", "Shreya",
    "Simran", "Sukhdeep", "Sunita", "Suresh", "Tanvi", "Vijay", "Vikram",
];

const INDIAN_LAST: &[&str] = &[
    "Acharya", "Agarwal", "Bains", "Banerjee", "Bhogal", "Chatterjee", "Chauhan", "Chopra", "Desai", "Dhillon", "Dosanjh", "Fernandes",
    "Ghosh", "Gill", "Grewal", "Gupta", "Iyer", "Jain", "Johal", "Joshi", "Kapoor", "Kaur", "Kumar", "Lakhani", "Mehta", "Menon",
    "Mistry", "Mukherjee", "Nair", "Naidu", "Parmar", "Patel", "Pillai", "Rai", "Rao", "Reddy", "Sandhu", "Sharma", "Shah", "Sidhu",
    "Singh", "Solanki", "Thakur", "Varma", "Venkataraghavan",
];

const AFRICAN_FIRST: &[&str] = &[
    "Abena", "Abimbola", "Adaeze", "Ade", "Akosua", "Amara", "Ama", "Ayodele", "Blessing", "Chidi", "Chinedu", "Chioma", "Comfort",
    "Delroy", "Ebony", "Emeka", "Esther", "Femi", "Folake", "Funmilayo", "Grace", "Ifeoma", "Jermaine", "Kehinde", "Kofi", "Kwame",
    "Leroy", "Marcia", "Mercy", "Ngozi", "Nkechi", "Obinna", "Olu", "Oluwaseun", "Patience", "Precious", "Samuel", "Tendai", "Tunde",
    "Winston", "Yaw", "Zawadi",
];

const AFRICAN_LAST: &[&str] = &[
    "Abiola", "Acheampong", "Adebayo", "Adeyemi", "Adjei", "Afolabi", "Agyeman", "Akande", "Amoah", "Ansah", "Appiah", "Asante",
    "Balogun", "Banda", "Boateng", "Campbell", "Chukwu", "Danso", "Eze", "Francis", "Igwe", "Jallow", "Kamara", "Kamau", "Lawal",
    "Mensah", "Moyo", "Ncube", "Nwosu", "Obi", "Ogunleye", "Okafor", "Okeke", "Okonkwo", "Olatunji", "Opoku", "Osei", "Otieno", "Owusu",
    "Sesay", "Sibanda", "Tetteh", "Uche", "Yeboah",
];

const EUROPEAN_FIRST: &[&str] = &[
    "Adrianna", "Agnieszka", "Alessandro", "Andrei", "Anca", "Aneta", "Bartosz", "Bianca", "Dariusz", "Dimitra", "Elena", "Ewa",
    "Florin", "Giulia", "Grzegorz", "Inês", "Ioana", "Ivan", "Jakub", "João", "José", "Joanna", "Katarzyna", "Krzysztof", "Laima",
    "Luca", "Łukasz", "Magdalena", "Małgorzata", "Marcin", "Marek", "Mihai", "Monika", "Nikolai", "Paweł", "Piotr", "Radu", "Renata",
    "Sofia", "Stavros", "Svetlana", "Tomasz", "Vasile", "Wojciech", "Zofia",
];

const EUROPEAN_LAST: &[&str] = &[
    "Andreou", "Balan", "Bianchi", "Costa", "Dąbrowski", "Dimitrov", "Dumitrescu", "Ferrari", "Ferreira", "Georgiou", "Ionescu",
    "Ivanov", "Jankowski", "Kamiński", "Kowalczyk", "Kowalski", "Kozłowski", "Lewandowski", "Marinescu", "Martínez", "Mazur", "Müller",
    "Nowak", "Papadopoulos", "Pereira", "Petrov", "Popa", "Popescu", "Romano", "Rossi", "Santos", "Schneider", "Silva", "Stan",
    "Szymański", "Wiśniewski", "Wójcik", "Woźniak", "Zieliński",
];

const EAST_ASIAN_FIRST: &[&str] = &[
    "Anh", "Bao", "Chi", "Daniel", "Grace", "Hao", "Hiroko", "Hui", "Jia", "Jin", "Joyce", "Kenji", "Linh", "Mai", "Mei", "Min", "Minh",
    "Ping", "Rosa", "Siu", "Thuy", "Vivian", "Wai", "Wei", "Wing", "Xin", "Yan", "Ying", "Yuki",
];

const EAST_ASIAN_LAST: &[&str] = &[
    "Chan", "Chen", "Cheng", "Cheung", "Chow", "Dang", "Dela Cruz", "Fung", "Ho", "Huang", "Kim", "Lai", "Lam", "Lau", "Leung", "Li",
    "Lim", "Lin", "Liu", "Ng", "Nguyen", "Park", "Pham", "Reyes", "Santos", "Sato", "Tan", "Tanaka", "Tang", "Tran", "Tsang", "Wang",
    "Wong", "Wu", "Yang", "Yip", "Zhang", "Zhao",
];

/// Names as long as a registry allows; cards and columns have to bear them.
pub(crate) const LONG_NAMES: &[(&str, &str)] = &[
    (
        "Wilhelmina Alexandrina Clementine Philippa Josephine",
        "Featherstonehaugh-Cholmondeley-Warrington-Smythe",
    ),
    (
        "Maximilian Bartholomew Montgomery Fitzwilliam Octavian",
        "Plunkett-Ernle-Erle-Drax-Leveson-Gower-Ogilvie-Grant",
    ),
    (
        "Oluwafunmilayo Oluwadamilola Abosede Ayomide Temitope",
        "Ademola-Ogunbanjo-Oluwaseyifunmi-Adegboyega",
    ),
    (
        "Sri Venkata Satyanarayana Subrahmanya Lakshminarasimha",
        "Venkatanarasimharajuvaripeta-Thiruvananthapuram",
    ),
];

/// A lender's code and how often it lends.
pub(crate) const LENDERS: &[(&str, u32)] = &[
    ("santander", 90),
    ("santander_consumer", 95),
    ("lloyds", 60),
    ("barclays", 75),
    ("hsbc", 40),
    ("nationwide", 30),
    ("black_horse", 150),
    ("vw_finance", 85),
    ("moneybarn", 70),
    ("bmw_finance", 45),
    ("mercedes_benz_finance", 35),
    ("motonovo", 60),
    ("close_brothers", 45),
    ("ford_credit", 30),
    ("blue_motor_finance", 25),
    ("startline", 15),
    ("advantage_finance", 15),
    ("alphera", 10),
    ("toyota_finance", 10),
    ("psa_finance", 10),
    ("halifax", 5),
];

/// Invented firms.
pub(crate) const SOLICITORS: &[&str] = &[
    "Brindlewood Law", "Cawdrey Vale LLP", "Ferrow Marsh Solicitors", "Hartcastle & Pym", "Oakhurst Tindall", "Penhallow Wray",
];

/// A town, its county and the district that its post codes begin with.
pub(crate) const TOWNS: &[(&str, &str, &str)] = &[
    ("London", "Greater London", "SE15"),
    ("London", "Greater London", "E17"),
    ("London", "Greater London", "N9"),
    ("London", "Greater London", "SW16"),
    ("Croydon", "Surrey", "CR0"),
    ("Bromley", "Kent", "BR1"),
    ("Ilford", "Essex", "IG1"),
    ("Harrow", "Middlesex", "HA1"),
    ("Birmingham", "West Midlands", "B14"),
    ("Birmingham", "West Midlands", "B23"),
    ("Coventry", "West Midlands", "CV6"),
    ("Wolverhampton", "West Midlands", "WV3"),
    ("Walsall", "West Midlands", "WS2"),
    ("Manchester", "Greater Manchester", "M14"),
    ("Bolton", "Greater Manchester", "BL3"),
    ("Stockport", "Greater Manchester", "SK4"),
    ("Oldham", "Greater Manchester", "OL8"),
    ("Liverpool", "Merseyside", "L13"),
    ("Birkenhead", "Merseyside", "CH42"),
    ("Leeds", "West Yorkshire", "LS11"),
    ("Bradford", "West Yorkshire", "BD5"),
    ("Huddersfield", "West Yorkshire", "HD4"),
    ("Sheffield", "South Yorkshire", "S5"),
    ("Doncaster", "South Yorkshire", "DN4"),
    ("Rotherham", "South Yorkshire", "S65"),
    ("Hull", "East Yorkshire", "HU5"),
    ("York", "North Yorkshire", "YO24"),
    ("Newcastle upon Tyne", "Tyne and Wear", "NE4"),
    ("Sunderland", "Tyne and Wear", "SR4"),
    ("Middlesbrough", "North Yorkshire", "TS5"),
    ("Darlington", "County Durham", "DL3"),
    ("Carlisle", "Cumbria", "CA2"),
    ("Preston", "Lancashire", "PR2"),
    ("Blackpool", "Lancashire", "FY3"),
    ("Burnley", "Lancashire", "BB11"),
    ("Stoke-on-Trent", "Staffordshire", "ST4"),
    ("Derby", "Derbyshire", "DE23"),
    ("Nottingham", "Nottinghamshire", "NG7"),
    ("Mansfield", "Nottinghamshire", "NG18"),
    ("Leicester", "Leicestershire", "LE3"),
    ("Northampton", "Northamptonshire", "NN3"),
    ("Peterborough", "Cambridgeshire", "PE2"),
    ("Cambridge", "Cambridgeshire", "CB4"),
    ("Norwich", "Norfolk", "NR3"),
    ("Ipswich", "Suffolk", "IP3"),
    ("Colchester", "Essex", "CO2"),
    ("Chelmsford", "Essex", "CM1"),
    ("Southend-on-Sea", "Essex", "SS2"),
    ("Luton", "Bedfordshire", "LU3"),
    ("Bedford", "Bedfordshire", "MK41"),
    ("Milton Keynes", "Buckinghamshire", "MK6"),
    ("Watford", "Hertfordshire", "WD18"),
    ("Stevenage", "Hertfordshire", "SG2"),
    ("Reading", "Berkshire", "RG2"),
    ("Slough", "Berkshire", "SL2"),
    ("Oxford", "Oxfordshire", "OX4"),
    ("Swindon", "Wiltshire", "SN2"),
    ("Gloucester", "Gloucestershire", "GL4"),
    ("Bristol", "Bristol", "BS5"),
    ("Bath", "Somerset", "BA2"),
    ("Taunton", "Somerset", "TA2"),
    ("Exeter", "Devon", "EX2"),
    ("Plymouth", "Devon", "PL5"),
    ("Truro", "Cornwall", "TR1"),
    ("Bournemouth", "Dorset", "BH8"),
    ("Southampton", "Hampshire", "SO16"),
    ("Portsmouth", "Hampshire", "PO2"),
    ("Brighton", "East Sussex", "BN2"),
    ("Hastings", "East Sussex", "TN34"),
    ("Maidstone", "Kent", "ME15"),
    ("Canterbury", "Kent", "CT2"),
    ("Cardiff", "South Glamorgan", "CF24"),
    ("Swansea", "West Glamorgan", "SA1"),
    ("Newport", "Gwent", "NP19"),
    ("Wrexham", "Clwyd", "LL13"),
    ("Glasgow", "Lanarkshire", "G42"),
    ("Edinburgh", "Midlothian", "EH6"),
    ("Aberdeen", "Aberdeenshire", "AB24"),
    ("Dundee", "Angus", "DD3"),
    ("Inverness", "Inverness-shire", "IV2"),
    ("Belfast", "County Antrim", "BT7"),
    ("Derry", "County Londonderry", "BT48"),
    ("Lisburn", "County Antrim", "BT28"),
];

pub(crate) const STREETS: &[&str] = &[
    "Acacia Avenue", "Albert Road", "Alma Street", "Ash Grove", "Beech Close", "Belmont Road", "Birch Lane", "Bridge Street",
    "Broadway", "Cambridge Road", "Canal Street", "Castle Street", "Cedar Close", "Chapel Lane", "Cherry Tree Lane", "Chester Road",
    "Church Lane", "Church Street", "Clarence Street", "Coronation Road", "Cross Street", "Derby Road", "Elm Grove", "Fairfield Road",
    "Farm Lane", "George Street", "Gladstone Street", "Grange Road", "Green Lane", "Grove Road", "Hawthorn Drive", "Hazel Close",
    "High Street", "Highfield Road", "Hillside", "Holly Road", "King Street", "Kingsway", "Lime Grove", "London Road", "Manor Road",
    "Maple Drive", "Marsh Lane", "Meadow View", "Mill Lane", "New Road", "North Street", "Oak Avenue", "Orchard Close", "Oxford Road",
    "Park Avenue", "Park Road", "Poplar Road", "Princess Street", "Priory Road", "Queen Street", "Queens Road", "Richmond Road",
    "Rowan Close", "School Lane", "Sefton Drive", "South Street", "Springfield Road", "Stanley Road", "Station Road", "Sycamore Drive",
    "The Crescent", "The Green", "The Mews", "Union Street", "Valley Road", "Vicarage Lane", "Victoria Road", "Wellington Street",
    "West Street", "Willow Way", "Windmill Lane", "Windsor Road", "Woodlands Avenue", "York Road",
];

pub(crate) const BUILDINGS: &[&str] = &[
    "Albion House", "Canal Wharf", "Dunmore Court", "Kestrel Court", "Nelson House", "Riverside Apartments", "The Old Mill",
    "Windsor Tower",
];

pub(crate) const VEHICLES: &[(&str, &[&str])] = &[
    ("Ford", &["Fiesta", "Focus", "Kuga", "Puma", "Transit Custom"]),
    ("Volkswagen", &["Golf", "Polo", "Tiguan", "Passat", "T-Roc"]),
    ("Vauxhall", &["Corsa", "Astra", "Mokka", "Insignia"]),
    ("BMW", &["1 Series", "3 Series", "X1", "X3"]),
    ("Audi", &["A1", "A3", "A4", "Q3", "Q5"]),
    ("Mercedes-Benz", &["A-Class", "C-Class", "GLA", "E-Class"]),
    ("Nissan", &["Qashqai", "Juke", "Micra"]),
    ("Toyota", &["Yaris", "Corolla", "C-HR"]),
    ("Kia", &["Sportage", "Picanto", "Ceed"]),
    ("Hyundai", &["Tucson", "i10", "i30"]),
    ("Peugeot", &["208", "2008", "3008"]),
    ("Land Rover", &["Discovery Sport", "Range Rover Evoque"]),
    ("MINI", &["Hatch", "Countryman"]),
    ("Škoda", &["Octavia", "Fabia", "Kodiaq"]),
    ("Renault", &["Clio", "Captur", "Mégane"]),
    ("SEAT", &["Ibiza", "Leon", "Ateca"]),
];

pub(crate) const DEALERSHIPS: &[&str] = &[
    "Ashdown Motors", "Blackthorn Cars", "Castlegate Motor Company", "Fenwright Autos", "Harrowdale Car Centre", "Kingsmere Motors",
    "Netherby Garage", "Ravensworth Cars", "Thornbridge Motor Group", "Westmarch Autos",
];

/// A requirement's type, how often it is asked, and whether an agent may ring about it while it is pending.
pub(crate) const COUNTED_KINDS: &[(&str, u32)] = &[
    ("proof_of_address", 240),
    ("bank_statement", 170),
    ("finance_agreement", 180),
    ("id_document", 160),
    ("previous_address", 90),
    ("previous_name_evidence", 30),
    ("additional_information", 80),
    ("selfie", 50),
];

/// Requirements that the user cannot act on; `id_document` with [`BASE_REASON`] is another.
pub(crate) const UNCOUNTED_KINDS: &[(&str, u32)] = &[
    ("signature", 240),
    ("cfa", 240),
    ("letter_of_authority", 180),
    ("solicitor_letter_of_authority", 100),
    ("vehicle_registration", 120),
    ("id_document", 120),
];

/// The reason of an `id_document` that is asked of everybody and counts for nobody.
pub(crate) const BASE_REASON: &str = "base requirement for claim.";

pub(crate) const REASONS: &[&str] = &[
    "The lender asked for it.", "Needed to match the agreement.", "The name on the agreement is different.",
    "The address does not match our records.", "Requested by the solicitor.",
];

pub(crate) const REJECTIONS: &[&str] = &[
    "The picture is blurred.", "The document is out of date.", "The name cannot be read.", "Only the first page was sent.",
    "It is older than three months.",
];

pub(crate) const LOG_LINES: &[(&str, &str)] = &[
    ("login", "Signed in with a link."),
    ("email_sent", "Reminder about outstanding documents."),
    ("email_opened", "Opened: we need something from you."),
    ("sms_sent", "Reminder with a link to the portal."),
    ("document_uploaded", "A document was uploaded."),
    ("document_rejected", "A document was sent back."),
    ("address_confirmed", "The current address was confirmed."),
    ("profile_updated", "Contact details were changed."),
    ("claim_created", "A claim was added."),
    ("link_expired", "A link to the portal ran out unused."),
];

pub(crate) const MARKETING_SOURCES: &[&str] = &["search", "social", "email", "referral", "radio", "affiliate"];
pub(crate) const INTRODUCERS: &[(&str, u32)] = &[("mcc", 800), ("claimdesk", 120), ("partner_north", 80)];
