"""The rules of wheels: what a wheel must not be."""

from __future__ import annotations

from truewheel.rules.model import Rule, Severity

_BUILD_AGAIN = "build the wheel again"
_DAMAGED = "the file is damaged: fetch it again or build it again"
_NOT_RENAMED = "do not rename wheels"


def _wheel(
    name: str, text: str, why: str, hint: str = _BUILD_AGAIN, severity: Severity = Severity.ERROR
) -> Rule:
    return Rule(name, "wheel", severity, text, hint, why)


def _tolerated(name: str, text: str, why: str) -> Rule:
    return _wheel(name, text, why, severity=Severity.WARNING)


def _choice(name: str, text: str, why: str, hint: str) -> Rule:
    return _wheel(name, text, why, f"{hint}, or give --allow {name}", Severity.CHOICE)


TABLE = (
    # the archive
    _wheel(
        "corrupt-archive",
        "The file is not a ZIP archive, or its central directory cannot be read.",
        "Nothing in it can be trusted to be complete.",
        _DAMAGED,
    ),
    _wheel(
        "stray-bytes",
        "The archive has bytes that belong to nothing: before, between, in or behind its entries.",
        "Another reader may see another wheel in them.",
    ),
    _wheel(
        "contradictory-header",
        "Local headers, data descriptors, central directory and end records do not say the same.",
        "Which copy counts depends on the reader, so two readers see two wheels.",
    ),
    _wheel(
        "overlapping-entries",
        "Two entries share bytes of the archive.",
        "Small archives of this kind unpack to gigabytes, and readers disagree about what is in them.",
    ),
    _wheel(
        "corrupt-entry",
        "An entry cannot be unpacked, or its checksum is wrong.",
        "The file would be installed with other bytes than the wheel's author packed.",
        _DAMAGED,
    ),
    _wheel(
        "wrong-entry-size",
        "An entry unpacks to more or fewer bytes than it declares.",
        "Readers that stop at the declared size install another file than those that do not.",
    ),
    _wheel(
        "oversized-metadata",
        "A metadata file is too large: RECORD over 64 MiB, METADATA over 16 MiB, another over 1 MiB.",
        "Metadata is read into memory as a whole.",
    ),
    _wheel(
        "too-many-entries",
        "The archive has more than 100,000 entries, or a central directory of more than 32 MiB.",
        "Reading it would take more memory than a build has.",
        "split the wheel",
    ),
    _wheel(
        "too-large",
        "The wheel unpacks to more than 16 GiB.",
        "It would fill the disk.",
        "split the wheel",
    ),
    _wheel(
        "zip-bomb",
        "The wheel unpacks to more than 64 MiB and more than 200 times its size.",
        "A small file of this kind is made to fill a disk.",
        "leave generated data out of the wheel",
    ),
    _wheel(
        "encrypted-entry",
        "An entry is encrypted.",
        "Nobody is there to type a password.",
        "a wheel cannot be encrypted",
    ),
    _wheel(
        "unknown-compression",
        "An entry is neither stored nor deflated.",
        "Not every installer can unpack it.",
        "use deflate or no compression",
    ),
    _choice(
        "symbolic-link",
        "An entry is a symbolic link.",
        "Installers write the link's target as text; where it is allowed, a copy of the file that the link "
        "leads to is installed, and an empty file for a link without a target.",
        "put a copy in",
    ),
    _wheel(
        "stray-link",
        "A symbolic link leads out of the wheel, to a directory, in a circle or to nothing.",
        "There is no file that could be installed in its place.",
        "wheels hold no links: put a copy in",
    ),
    _wheel(
        "special-file",
        "An entry is neither a regular file nor a directory, or its name and its mode disagree about that.",
        "A device or a named pipe has no content to install.",
    ),
    _wheel(
        "directory-with-content",
        "A directory has content.",
        "Readers disagree about what it is.",
    ),
    # names in the archive
    _wheel(
        "unsafe-name",
        "The name of an entry is not a plain relative path of forward slashes.",
        "It would be written outside the directory it belongs to, or under a name nobody can type.",
    ),
    _wheel(
        "ambiguous-name",
        "The name of an entry is not ASCII and not marked as UTF-8, or ends early for some readers.",
        "Installers would write different names for it.",
    ),
    _wheel(
        "duplicate-entry",
        "Two entries are to be installed at one path.",
        "Which one is installed depends on the reader.",
    ),
    _wheel(
        "file-and-directory",
        "A path is both a file and a directory.",
        "One of them cannot be installed.",
    ),
    # what the wheel says about itself
    _wheel(
        "bad-file-name",
        "The file name is not that of a wheel.",
        "Project, version and tags are unknown.",
        "the name is NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl",
    ),
    _wheel(
        "too-many-tags",
        "The compressed tags of the file name or of WHEEL stand for more than 1000 tags.",
        "Expanding them would take minutes.",
        "name the tags that the wheel was built for",
    ),
    _wheel(
        "dist-info-count",
        "The wheel does not have exactly one .dist-info directory.",
        "Which project it is, and what is in its RECORD, is unknown.",
    ),
    _wheel(
        "foreign-dist-info",
        "The .dist-info directory is that of another project or version.",
        "The wheel would be installed as something that its file name does not say.",
        _NOT_RENAMED,
    ),
    _wheel(
        "several-data-directories",
        "The wheel has more than one .data directory.",
        "Installers disagree about which one is unpacked.",
    ),
    _wheel(
        "foreign-data-directory",
        "A .data directory is that of another project or version.",
        "Installers would install it as a package of modules.",
    ),
    _wheel(
        "missing-metadata-file",
        "METADATA, WHEEL or RECORD is missing.",
        "The wheel cannot be checked or installed without it.",
        "a wheel must hold METADATA, WHEEL and RECORD",
    ),
    _wheel(
        "not-utf-8",
        "A metadata file is not UTF-8.",
        "Readers disagree about its text or fail.",
        "write it in UTF-8",
    ),
    _wheel(
        "missing-field",
        "A required field is missing or empty.",
        "Tools that read the installed metadata fail.",
        "the field is required once",
    ),
    _wheel(
        "repeated-field",
        "A field that must be there once is there more often.",
        "Readers disagree about which one counts.",
        "the field is required once",
    ),
    _wheel(
        "message-in-metadata",
        "A metadata file has a Content-Type field of a message with parts.",
        "Python's own readers take its description apart as mail, and fail when it is nested deeply.",
        "leave Content-Type out: Description-Content-Type is the field of METADATA",
    ),
    _wheel(
        "unknown-metadata-version",
        "The Metadata-Version is not one from 1.0 to 2.x.",
        "Its fields may mean something else.",
        "versions 1.0 to 2.x are understood",
    ),
    _wheel(
        "unknown-wheel-version",
        "The Wheel-Version is not 1.x.",
        "The wheel may have to be installed in another way.",
        "versions 1.x are understood",
    ),
    _wheel(
        "bad-root-is-purelib",
        "Root-Is-Purelib is neither true nor false.",
        "Where the wheel's root is installed is unknown.",
        "it is true or false",
    ),
    _wheel(
        "name-mismatch",
        "METADATA has another Name than the file name.",
        "The project would be installed under a name that nobody asked for.",
        _NOT_RENAMED,
    ),
    _wheel(
        "version-mismatch",
        "METADATA has another Version than the file name.",
        "Dependencies would be resolved by a version that is not installed.",
        _NOT_RENAMED,
    ),
    _tolerated(
        "malformed-tag",
        "A Tag in WHEEL is not PYTHON-ABI-PLATFORM.",
        "The tags of the file name count alone, as with other installers.",
    ),
    _tolerated(
        "missing-tag",
        "WHEEL has no Tag, or an empty one.",
        "The tags of the file name count alone, as with other installers.",
    ),
    _tolerated(
        "tag-mismatch",
        "The tags in WHEEL are not those of the file name.",
        "Those of the file name count, as with other installers, and must fit the target Python.",
    ),
    # RECORD
    _wheel(
        "malformed-record",
        "RECORD is not CSV of three columns.",
        "What belongs to the wheel is unknown.",
        "it is CSV of 3 columns",
    ),
    _wheel(
        "unsafe-record-path",
        "RECORD lists a path that is not a plain relative path of forward slashes.",
        "Uninstalling the project would remove files that are not its own.",
    ),
    _tolerated(
        "dot-in-record",
        "RECORD lists a path with a '.' component.",
        "It means the path without that.",
    ),
    _wheel(
        "duplicate-record-row",
        "RECORD lists a path twice.",
        "Which hash counts depends on the reader.",
    ),
    _wheel(
        "malformed-record-size",
        "RECORD gives a size that is not a number of bytes.",
        "The size cannot be checked.",
        "a size is in bytes",
    ),
    _wheel(
        "malformed-record-hash",
        "RECORD gives a hash that is not ALGORITHM=DIGEST.",
        "The content cannot be checked.",
        "a hash is ALGORITHM=DIGEST",
    ),
    _tolerated(
        "padded-record-hash",
        "RECORD gives a hash in base64 with padding.",
        "It means the same hash, which must be right.",
    ),
    _tolerated(
        "hexadecimal-record-hash",
        "RECORD gives a hash in hexadecimal digits instead of base64.",
        "It means the same hash, which must be right.",
    ),
    _wheel(
        "unaccepted-hash",
        "RECORD gives a hash by another algorithm than sha256, sha384 and sha512.",
        "Weaker hashes do not tell a replaced file from the original.",
        "use one of sha256, sha384, sha512",
    ),
    _wheel(
        "missing-record-row",
        "A file of the wheel is not in RECORD.",
        "Its content is not protected by a hash, and uninstalling leaves it behind.",
    ),
    _wheel(
        "missing-recorded-file",
        "A file in RECORD is not in the wheel.",
        "The wheel is not complete.",
    ),
    _wheel(
        "record-of-itself",
        "RECORD gives a hash or size of itself.",
        "A file cannot hold its own hash, so readers that check it fail.",
        "leave both empty",
    ),
    _wheel(
        "missing-record-hash",
        "RECORD has no hash of a file.",
        "The content of the file is not protected.",
        "use one of sha256, sha384, sha512",
    ),
    _wheel(
        "size-mismatch",
        "The size of a file is not the one in RECORD.",
        "The file was changed after the wheel was built.",
        "the wheel was changed after it was built",
    ),
    _wheel(
        "hash-mismatch",
        "The hash of a file is not the one in RECORD.",
        "The file was changed after the wheel was built.",
        "the wheel was changed after it was built",
    ),
    # install paths
    _wheel(
        "misplaced-data",
        "A file lies directly in the .data directory.",
        "It belongs to no install path.",
        "put it below one of purelib, platlib, scripts, data, headers",
    ),
    _wheel(
        "unknown-install-path",
        "A directory in .data is not an install path.",
        "Where its files are to be installed is unknown.",
        "known are purelib, platlib, scripts, data, headers",
    ),
    _wheel(
        "nested-script",
        "A script lies in a subdirectory or has a name that looks like an option.",
        "The scripts directory is flat, and a command must be typed.",
        "scripts have no subdirectories, and their names start with no dash",
    ),
    _wheel(
        "metadata-in-data",
        "A .dist-info directory is to be installed by way of .data.",
        "The wheel would install another project's metadata.",
        "metadata belongs in the wheel's own .dist-info directory",
    ),
    _choice(
        "script-and-entry-point",
        "A script of the wheel and an entry point have one name.",
        "Which one is installed depends on the installer; where it is allowed, the entry point is, as with "
        "pip. The schemes fedora, opensuse and generic allow it.",
        "drop the script or the entry point",
    ),
    # entry points
    _wheel(
        "malformed-entry-points",
        "entry_points.txt is not an INI file with each name once in its section.",
        "Scripts would be missing.",
        "each name once, as NAME = MODULE:ATTR",
    ),
    _wheel(
        "duplicate-script",
        "A console script and a GUI script have one name.",
        "Which one is installed depends on the installer.",
    ),
    _wheel(
        "too-many-scripts",
        "The wheel has more than 1000 entry points that become scripts.",
        "Each of them becomes a file in the directory of all programs.",
        "put the commands below one program",
    ),
    _wheel(
        "unsafe-script-name",
        "The name of an entry point is not a safe file name.",
        "The script would be written outside the scripts directory, or could not be typed.",
        "use letters, digits, '.', '_' and '-'",
    ),
    _wheel(
        "malformed-entry-point",
        "The target of an entry point is not MODULE:ATTR of Python identifiers.",
        "The script would run something else or fail.",
        "a target is MODULE:ATTR",
    ),
)
