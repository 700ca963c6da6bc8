"""The codes of Thai banks by their names, as people in Thailand know the names and not the codes
(rule 10.21).

Pure: no query, no clock. The codes are those of the Bank of Thailand, which its clearing uses.
"""

import re
import unicodedata

# By code: the names in use, without what every bank is called besides (NOISE).
BANKS = {
    "002": ("กรุงเทพ", "bangkok", "bbl"),
    "004": ("กสิกรไทย", "kasikorn", "kasikornthai", "kbank"),
    "006": ("กรุงไทย", "krungthai", "krung thai", "ktb"),
    "011": ("ทหารไทยธนชาต", "ทีทีบี", "tmbthanachart", "tmb thanachart", "ttb"),
    "014": ("ไทยพาณิชย์", "siam commercial", "scb"),
    "022": ("ซีไอเอ็มบี ไทย", "ซีไอเอ็มบี", "cimb thai", "cimb"),
    "024": ("ยูโอบี", "uob", "united overseas"),
    "025": ("กรุงศรีอยุธยา", "กรุงศรี", "ayudhya", "krungsri", "bay"),
    "030": ("ออมสิน", "government savings", "gsb"),
    "033": ("อาคารสงเคราะห์", "ธอส", "government housing", "ghb"),
    "034": ("เพื่อการเกษตรและสหกรณ์การเกษตร", "ธกส", "baac"),
    "066": ("อิสลามแห่งประเทศไทย", "islamic", "ibank"),
    "067": ("ทิสโก้", "tisco"),
    "069": ("เกียรตินาคินภัทร", "kiatnakin phatra", "kkp"),
    "071": ("ไทยเครดิต", "thai credit"),
    "073": ("แลนด์ แอนด์ เฮ้าส์", "land and houses", "lh"),
}
NOISE = re.compile(
    r"ธนาคาร|จำกัด|มหาชน|\b(?:the|bank|of|public|company|limited|plc|pcl|co|ltd|thailand)\b"
)


def code_of(name: str) -> str:
    """The three digits of the bank with this name, in Thai, in English or as an abbreviation; "" if
    it is not known.
    """
    plain = _plain(name)
    return next((code for code, names in BANKS.items() if plain in map(_plain, names)), "")


def _plain(name: str) -> str:
    """The bank's name as it is compared: in small letters, without blanks, signs, and the words
    that every bank has in its name.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    # NFKC writes the vowel am in two characters, in the names as in NOISE.
    noise = NOISE.pattern if folded.isascii() else unicodedata.normalize("NFKC", NOISE.pattern)
    return re.sub(r"[\s.,()&-]", "", re.sub(noise, " ", folded))
