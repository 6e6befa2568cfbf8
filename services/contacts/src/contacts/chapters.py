"""The chapters of the API, each with a sentence, in the order in which they are best read."""

from collections.abc import Mapping

CHAPTERS: Mapping[str, str] = {
    "customers": "Who does business with us, or might: who answers for them, where they stand.",
    "contacts": "People, how they are reached, and to which customers they belong.",
    "consents": "What a person allowed, on which ground, and who may be written to.",
    "suppressions": "Addresses that nobody writes to, whatever consents say.",
    "history": "What was changed in a record, by whom, and having a value back.",
    "imports": "Files of customers, people or opt-outs.",
    "exports": "Filtered customers or people as a file.",
    "duplicates": "Who may be known twice: search, scans, and cases to decide.",
    "merges": "Making several records one, and several again.",
    "relationships": "How customers and people belong together; groups of companies.",
    "households": "Who lives together.",
    "partners": "Who sells for us, by which people, and what these have learned.",
    "interactions": "Every touch with a customer, by any department and channel.",
    "preferences": "What a customer or a person likes, and how we know.",
    "grades": "How much a customer is worth to us, by a published policy.",
    "dormancy": "After how long a quiet customer sleeps, and is lost, by a published policy.",
    "credit": "What a customer may owe, and holds.",
    "offboardings": "Ending business with a customer, which takes two people.",
    "handovers": "Everything that one employee has goes to another, in every service.",
    "privacy": "Erasing, telling and restricting what is held of a person.",
}
