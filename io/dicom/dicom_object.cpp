// SOP classes (PS3.4 annex B.5) and body parts (PS3.16 annex L).
#include "io/dicom/dicom_object.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ctforge::io {

namespace {

constexpr std::string_view kStorage = "1.2.840.10008.5.1.4.1.1.";

// Storage SOP classes that hold no image to train on, by the part of the UID after kStorage.
constexpr std::array<std::pair<std::string_view, const char*>, 9> kNoImages = {{
    {"481.", "DICOM radiotherapy object"},
    {"66.4", "DICOM segmentation"},
    {"66.5", "DICOM segmentation"},
    {"66.7", "DICOM segmentation"},
    {"66", "DICOM raw data or registration"},
    {"88.", "DICOM structured report"},
    {"11.", "DICOM presentation state"},
    {"104.", "DICOM encapsulated document"},
    {"9.", "DICOM waveform"},
}};

// DICOM PS3.3 C.7.3.1.1.1. Anything else may be a text about somebody.
constexpr std::array<std::string_view, 78> kModalities = {
    "AR",    "ASMT",       "AU",       "BDUS",     "BI",  "BMD", "CFM",        "CR",      "CT",       "CTPROTOCOL",
    "DG",    "DMS",        "DOC",      "DX",       "ECG", "EEG", "EMG",        "EOG",     "EPS",      "ES",
    "FID",   "GM",         "HC",       "HD",       "IO",  "IOL", "IVOCT",      "IVUS",    "KER",      "KO",
    "LEN",   "LS",         "M3D",      "MG",       "MR",  "NM",  "OAM",        "OCT",     "OP",       "OPM",
    "OPT",   "OPTBSV",     "OPTENF",   "OPV",      "OSS", "OT",  "PA",         "PLAN",    "POS",      "PR",
    "PT",    "PX",         "REG",      "RESP",     "RF",  "RG",  "RTDOSE",     "RTIMAGE", "RTINTENT", "RTPLAN",
    "RTRAD", "RTRECORD",   "RTSEGANN", "RTSTRUCT", "RWV", "SEG", "SM",         "SMR",     "SR",       "SRF",
    "STAIN", "TEXTUREMAP", "TG",       "US",       "VA",  "XA",  "XAPROTOCOL", "XC"};

constexpr std::array<std::string_view, 100> kBodyParts = {"ABDOMEN",
                                                          "ABDOMENPELVIS",
                                                          "ADRENAL",
                                                          "ANKLE",
                                                          "AORTA",
                                                          "ARM",
                                                          "AXILLA",
                                                          "BACK",
                                                          "BLADDER",
                                                          "BRAIN",
                                                          "BREAST",
                                                          "BRONCHUS",
                                                          "BUTTOCK",
                                                          "CALCANEUS",
                                                          "CALF",
                                                          "CAROTID",
                                                          "CEREBELLUM",
                                                          "CERVIX",
                                                          "CHEEK",
                                                          "CHEST",
                                                          "CHESTABDOMEN",
                                                          "CHESTABDPELVIS",
                                                          "CIRCLEOFWILLIS",
                                                          "CLAVICLE",
                                                          "COCCYX",
                                                          "COLON",
                                                          "CORNEA",
                                                          "CORONARYARTERY",
                                                          "CSPINE",
                                                          "CTSPINE",
                                                          "DUODENUM",
                                                          "EAR",
                                                          "ELBOW",
                                                          "ESOPHAGUS",
                                                          "EXTREMITY",
                                                          "EYE",
                                                          "EYELID",
                                                          "FACE",
                                                          "FEMUR",
                                                          "FINGER",
                                                          "FOOT",
                                                          "GALLBLADDER",
                                                          "HAND",
                                                          "HEAD",
                                                          "HEADNECK",
                                                          "HEART",
                                                          "HIP",
                                                          "HUMERUS",
                                                          "IAC",
                                                          "ILEUM",
                                                          "ILIUM",
                                                          "JAW",
                                                          "JEJUNUM",
                                                          "KIDNEY",
                                                          "KNEE",
                                                          "LARYNX",
                                                          "LEG",
                                                          "LIVER",
                                                          "LSPINE",
                                                          "LSSPINE",
                                                          "LUNG",
                                                          "MAXILLA",
                                                          "MEDIASTINUM",
                                                          "MOUTH",
                                                          "NECK",
                                                          "NECKCHEST",
                                                          "NECKCHESTABDOMEN",
                                                          "NECKCHESTABDPELV",
                                                          "NOSE",
                                                          "ORBIT",
                                                          "OVARY",
                                                          "PANCREAS",
                                                          "PAROTID",
                                                          "PATELLA",
                                                          "PELVIS",
                                                          "PENIS",
                                                          "PHARYNX",
                                                          "PROSTATE",
                                                          "RECTUM",
                                                          "RIB",
                                                          "SCALP",
                                                          "SCAPULA",
                                                          "SHOULDER",
                                                          "SKULL",
                                                          "SPINE",
                                                          "SPLEEN",
                                                          "SSPINE",
                                                          "STERNUM",
                                                          "STOMACH",
                                                          "TESTIS",
                                                          "THIGH",
                                                          "THORAX",
                                                          "THYROID",
                                                          "TLSPINE",
                                                          "TRACHEA",
                                                          "TSPINE",
                                                          "UTERUS",
                                                          "WHOLEBODY",
                                                          "WRIST",
                                                          "ZYGOMA"};

std::optional<LabelObjectKind> label_kind(std::string_view kind) {
  if (kind == "481.3") return LabelObjectKind::StructureSet;
  if (kind == "66.4" || kind == "66.7") return LabelObjectKind::Segmentation;
  return std::nullopt;
}

}  // namespace

DicomObject classify_object(const DicomAttributes& attributes, DcmItem& meta) {
  std::vector<Finding> ignored;
  const DicomAttributes meta_attributes(meta, ignored);
  std::string sop_class = attributes.text(DCM_SOPClassUID);
  if (sop_class.empty()) sop_class = meta_attributes.text(DCM_MediaStorageSOPClassUID);
  if (sop_class == UID_MediaStorageDirectoryStorage) return {"DICOM directory", {}, {}, false};
  const std::string modality = attributes.text(DCM_Modality);
  const std::string_view kind =
      sop_class.starts_with(kStorage) ? std::string_view(sop_class).substr(kStorage.size()) : std::string_view();
  for (const auto& [prefix, reason] : kNoImages)
    if (kind == prefix || (kind.starts_with(prefix) && (prefix.back() == '.' || kind[prefix.size()] == '.')))
      return {reason, label_kind(kind), {}, false};

  const bool enhanced = kind == "2.1" || kind == "2.2";
  const bool has_image = attributes.has(DCM_Rows) || attributes.has(DCM_Columns);
  if (kind != "2" && !enhanced && !has_image) return {"DICOM object without an image", {}, {}, false};
  if (modality != "CT") {
    const bool defined = std::find(kModalities.begin(), kModalities.end(), modality) != kModalities.end();
    return {
        "",
        {},
        Finding{Fault::NotCt, "Modality is " + (defined ? modality : "absent or no defined term") + ", expected CT"},
        false};
  }
  if (kind != "2" && !enhanced)
    return {"", {}, Finding{Fault::NotCt, "the object is of no class of CT Image Storage"}, false};
  return {"", {}, {}, enhanced};
}

std::string defined_body_part(const std::string& text) {
  return std::find(kBodyParts.begin(), kBodyParts.end(), text) != kBodyParts.end() ? text : std::string();
}

}  // namespace ctforge::io
