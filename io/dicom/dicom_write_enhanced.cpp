// Enhanced CT with DCMTK. PS3.3 A.38.1 for the modules, C.8.15 for the image and its functional groups.
#include "io/dicom/dicom_write_enhanced.h"

#include "io/dicom/dicom_parts.h"

#include <array>
#include <stdexcept>

namespace ctforge::io {

namespace {

using namespace dicom;

Code anatomic_region(const std::string& body_part) {
  if (body_part == "HEADNECK") return {"774007", "SCT", "Head and Neck"};
  if (body_part == "CHEST") return {"51185008", "SCT", "Chest"};
  if (body_part == "ABDOMEN") return {"818981001", "SCT", "Abdomen"};
  if (body_part == "PELVIS") return {"816092008", "SCT", "Pelvis"};
  return {"38266002", "SCT", "Entire body"};
}

// The image says of all frames what each frame says of itself: PS3.3 C.8.16.2.
void put_frame_type(DcmItem& item, const DcmTagKey& type) {
  put(item, type, "DERIVED\\PRIMARY\\VOLUME\\NONE");
  put(item, DCM_PixelPresentation, "MONOCHROME");
  put(item, DCM_VolumetricProperties, "VOLUME");
  put(item, DCM_VolumeBasedCalculationTechnique, "NONE");
}

void put_image(DcmDataset& data, std::int64_t frames) {
  put_frame_type(data, DCM_ImageType);
  put(data, DCM_ContentQualification, "RESEARCH");
  put(data, DCM_DerivationDescription, kDerivation);
  put(data, DCM_BurnedInAnnotation, "NO");
  put(data, DCM_LossyImageCompression, "00");
  put(data, DCM_PresentationLUTShape, "IDENTITY");
  put(data, DCM_PatientPosition, "HFS");
  put(data, DCM_InstanceNumber, "1");
  put(data, DCM_AcquisitionNumber, "");
  put(data, DCM_ContentDate, kNoDate);
  put(data, DCM_ContentTime, kNoTime);
  put(data, DCM_NumberOfFrames, std::to_string(frames));
  require(data.insertEmptyElement(DCM_AcquisitionContextSequence));
}

void put_shared_groups(DcmItem& shared, const Geometry& geometry, const std::string& body_part,
                       const std::string& key) {
  put_plane_measures(shared, geometry);
  // Of derived images it may be absent, but validators ask for it. Nobody was irradiated: the UID stands for no event.
  put(add_item(shared, DCM_IrradiationEventIdentificationSequence), DCM_IrradiationEventUID,
      uid_from(key + " no irradiation"));
  put_frame_type(add_item(shared, DCM_CTImageFrameTypeSequence), DCM_FrameType);
  DcmItem& anatomy = add_item(shared, DCM_FrameAnatomySequence);
  put(anatomy, DCM_FrameLaterality, "U");
  put_code(anatomy, DCM_AnatomicRegionSequence, anatomic_region(body_part));
  DcmItem& values = add_item(shared, DCM_PixelValueTransformationSequence);
  put(values, DCM_RescaleIntercept, "0");
  put(values, DCM_RescaleSlope, "1");
  put(values, DCM_RescaleType, "HU");
  DcmItem& window = add_item(shared, DCM_FrameVOILUTSequence);
  put(window, DCM_WindowCenter, "40");
  put(window, DCM_WindowWidth, "400");
}

void put_frames(DcmDataset& data, const Geometry& geometry) {
  for (std::int64_t slice = 0; slice < geometry.size[2]; ++slice) {
    const auto place = static_cast<std::uint32_t>(slice + 1);
    DcmItem& frame = add_item(data, DCM_PerFrameFunctionalGroupsSequence);
    DcmItem& content = add_item(frame, DCM_FrameContentSequence);
    put(content, DCM_StackID, "1");
    put_numbers(content, DCM_InStackPositionNumber, std::array{place});
    put_numbers(content, DCM_DimensionIndexValues, std::array{std::uint32_t{1}, place});
    put_plane_position(frame, geometry, slice);
  }
}

}  // namespace

void write_ct_enhanced(const std::filesystem::path& path, const Volume& volume, const CtSeriesInfo& info) {
  const CtReference reference = ct_reference(volume, info, CtForm::Enhanced);
  const Geometry& geometry = volume.geometry;
  if (volume.hu.size() > (std::size_t{1} << 30)) throw std::invalid_argument("the CT does not fit a DICOM object");
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  put_object(data, UID_EnhancedCTImageStorage, reference.image_uids[0], info);
  put_enhanced_equipment(data, info);
  put_patient_and_study(data, info, reference.study_uid);
  put_series(data, info, "CT", reference.series_uid, 1);
  put_frame_of_reference(data, reference.frame_of_reference_uid);
  put_image(data, geometry.size[2]);
  const std::array dimensions = {Dimension{DCM_StackID, DCM_FrameContentSequence, "Stack"},
                                 Dimension{DCM_InStackPositionNumber, DCM_FrameContentSequence, "Slice"}};
  put_dimensions(data, uid_from(reference.key + " dimensions"), dimensions);
  put_shared_groups(add_item(data, DCM_SharedFunctionalGroupsSequence), geometry, info.body_part, reference.key);
  put_frames(data, geometry);
  put_pixel_format(data, geometry, 16, true);
  require(data.putAndInsertUint16Array(DCM_PixelData, reinterpret_cast<const Uint16*>(volume.hu.data()),
                                       static_cast<unsigned long>(volume.hu.size())));
  save(file, path);
}

}  // namespace ctforge::io
