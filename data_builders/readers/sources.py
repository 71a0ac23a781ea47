"""The datasets that the data engine reads, by name. A new one is a file beside this one and a line here."""

from .afew import AFEW
from .affectnet import AFFECTNET
from .bp4d import BP4D
from .casia_fasd import CASIA_FASD
from .casme2 import CASME2
from .casme3 import CASME3
from .casme_squared import CASME_SQUARED
from .celeb_df import CELEB_DF
from .celeba import CELEBA
from .celeba_spoof import CELEBA_SPOOF
from .crema_d import CREMA_D
from .dfew import DFEW
from .disfa import DISFA
from .disfa_plus import DISFA_PLUS
from .emotionet import EMOTIONET
from .faceforensics import FACEFORENSICS
from .fer import FER
from .ferv39k import FERV39K
from .folder import FOLDER
from .fourdme import FOURDME
from .mafw import MAFW
from .mcio import MCIO
from .megc import MEGC
from .mmew import MMEW
from .morph_faces import MORPH2
from .msu_mfsd import MSU_MFSD
from .openface_csv import OPENFACE_CSV
from .oulu_npu import OULU_NPU
from .padisi_face import PADISI_FACE
from .pyfeat_csv import PYFEAT_CSV
from .rafdb import RAFDB
from .replay_attack import REPLAY_ATTACK
from .samm import SAMM
from .samm_lv import SAMM_LV
from .siw_mv2 import SIW_MV2
from .smic import SMIC
from .source import Source
from .uniattackdata import UNIATTACKDATA
from .utkface import UTKFACE
from .wmca import WMCA

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        AFFECTNET,
        RAFDB,
        FER,
        CELEBA,
        UTKFACE,
        MORPH2,
        DISFA,
        DISFA_PLUS,
        BP4D,
        EMOTIONET,
        DFEW,
        FERV39K,
        MAFW,
        AFEW,
        CREMA_D,
        CELEBA_SPOOF,
        SIW_MV2,
        OULU_NPU,
        CASIA_FASD,
        MSU_MFSD,
        REPLAY_ATTACK,
        WMCA,
        PADISI_FACE,
        UNIATTACKDATA,
        MCIO,
        FACEFORENSICS,
        CELEB_DF,
        CASME2,
        SAMM,
        SAMM_LV,
        SMIC,
        CASME_SQUARED,
        CASME3,
        FOURDME,
        MMEW,
        MEGC,
        OPENFACE_CSV,
        PYFEAT_CSV,
        FOLDER,
    )
}
