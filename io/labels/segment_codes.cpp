// A table of names and their SNOMED CT codes.
#include "io/labels/segment_codes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

namespace ctforge::io {

namespace {

enum class Category { Anatomy, Tissue, Abnormal, Object };

struct Row {
  std::string_view name, code, meaning;
  Category category = Category::Anatomy;
};

constexpr std::array kRows = {
    Row{"adrenal gland", "23451007", "Adrenal gland"},
    Row{"airway", "89187006", "Airway structure"},
    Row{"aorta", "15825003", "Aorta"},
    Row{"bladder", "89837001", "Bladder"},
    Row{"body", "38266002", "Entire body"},
    Row{"bone", "272673000", "Bone"},
    Row{"brain", "12738006", "Brain"},
    Row{"brain stem", "15926001", "Brain stem"},
    Row{"brainstem", "15926001", "Brain stem"},
    Row{"breast", "76752008", "Breast"},
    Row{"clavicle", "51299004", "Clavicle"},
    Row{"colon", "71854001", "Colon"},
    Row{"cyst", "367643001", "Cyst", Category::Abnormal},
    Row{"duodenum", "38848004", "Duodenum"},
    Row{"esophagus", "32849002", "Esophagus"},
    Row{"eye", "81745001", "Eye"},
    Row{"fat", "55603005", "Adipose tissue", Category::Tissue},
    Row{"femoral head", "2812003", "Head of femur"},
    Row{"femur", "71341001", "Femur"},
    Row{"gallbladder", "28231008", "Gallbladder"},
    Row{"heart", "80891009", "Heart"},
    Row{"humerus", "85050009", "Humerus"},
    Row{"implant", "40388003", "Implant", Category::Object},
    Row{"inferior vena cava", "64131007", "Inferior vena cava"},
    Row{"kidney", "64033007", "Kidney"},
    Row{"larynx", "4596009", "Larynx"},
    Row{"lens", "78076003", "Lens of eye"},
    Row{"lesion", "52988006", "Lesion", Category::Abnormal},
    Row{"liver", "10200004", "Liver"},
    Row{"lung", "39607008", "Lung"},
    Row{"mandible", "91609006", "Mandible"},
    Row{"muscle", "127954009", "Skeletal muscle", Category::Tissue},
    Row{"nodule", "27925004", "Nodule", Category::Abnormal},
    Row{"oesophagus", "32849002", "Esophagus"},
    Row{"optic chiasm", "244453006", "Optic chiasm"},
    Row{"optic nerve", "18234004", "Optic nerve"},
    Row{"pancrea", "15776009", "Pancreas"},
    Row{"parotid", "45289007", "Parotid gland"},
    Row{"parotid gland", "45289007", "Parotid gland"},
    Row{"portal vein", "32764006", "Portal vein"},
    Row{"prostate", "41216001", "Prostate"},
    Row{"rectum", "34402009", "Rectum"},
    Row{"rib", "113197003", "Rib"},
    Row{"sacrum", "54735007", "Sacrum"},
    Row{"scapula", "79601000", "Scapula"},
    Row{"skin", "39937001", "Skin"},
    Row{"skull", "89546000", "Skull"},
    Row{"small bowel", "30315005", "Small intestine"},
    Row{"small intestine", "30315005", "Small intestine"},
    Row{"spinal cord", "2748008", "Spinal cord"},
    Row{"spleen", "78961009", "Spleen"},
    Row{"sternum", "56873002", "Sternum"},
    Row{"stomach", "69695003", "Stomach"},
    Row{"submandibular gland", "54019009", "Submandibular gland"},
    Row{"thyroid", "69748006", "Thyroid gland"},
    Row{"thyroid gland", "69748006", "Thyroid gland"},
    Row{"trachea", "44567001", "Trachea"},
    Row{"tumor", "108369006", "Neoplasm", Category::Abnormal},
    Row{"tumour", "108369006", "Neoplasm", Category::Abnormal},
    Row{"urinary bladder", "89837001", "Bladder"},
    Row{"uterus", "35039007", "Uterus"},
    Row{"vertebra", "51282000", "Vertebra"},
    Row{"vertebrae", "51282000", "Vertebra"},
};

Code category_of(Category category) {
  switch (category) {
    case Category::Anatomy:
      return {"123037004", "SCT", "Anatomical Structure"};
    case Category::Tissue:
      return {"85756007", "SCT", "Tissue"};
    case Category::Abnormal:
      return {"49755003", "SCT", "Morphologically Altered Structure"};
    case Category::Object:
      return {"260787004", "SCT", "Physical object"};
  }
  return {};
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0)
      words.back() += static_cast<char>(std::tolower(byte));
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

const Row* find_row(const std::string& name) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.name == name; });
  return row == kRows.end() ? nullptr : &*row;
}

}  // namespace

SegmentCodes segment_codes(std::string_view name) {
  SegmentCodes codes;
  std::string plain;
  for (const std::string& word : words_of(name)) {
    if (word == "left" || word == "l")
      codes.side = {"7771000", "SCT", "Left"};
    else if (word == "right" || word == "r")
      codes.side = {"24028007", "SCT", "Right"};
    else
      plain += (plain.empty() ? "" : " ") + word;
  }
  const Row* row = find_row(plain);
  if (row == nullptr && plain.ends_with('s')) row = find_row(plain.substr(0, plain.size() - 1));
  codes.category = category_of(row == nullptr ? Category::Anatomy : row->category);
  codes.type = row == nullptr ? Code{"85756007", "SCT", "Tissue"}
                              : Code{std::string(row->code), "SCT", std::string(row->meaning)};
  return codes;
}

}  // namespace ctforge::io
