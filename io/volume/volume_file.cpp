// Volumes and label maps to files through ITK.
#include "io/volume/volume_file.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/file_pattern.h"
#include "io/volume/gzip_reader.h"

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <itkImage.h>
#include <itkImageFileWriter.h>
#include <itkImportImageFilter.h>
#include <itkMetaDataObject.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>
#include <unistd.h>

namespace ctforge::io {

namespace fs = std::filesystem;

namespace {

// Chosen here, by name: ITK's own factories depend on what happens to be linked.
itk::ImageIOBase::Pointer image_io(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".nii") || name.ends_with(".nii.gz")) return itk::NiftiImageIO::New().GetPointer();
  if (name.ends_with(".nrrd")) return itk::NrrdImageIO::New().GetPointer();
  if (name.ends_with(".mha")) return itk::MetaImageIO::New().GetPointer();
  throw std::invalid_argument("a volume is written as .nii, .nii.gz, .nrrd or .mha");
}

// ITK's NIfTI writer says nothing when the disk is full. Throws std::system_error with what another write finds wrong.
void require_whole(const fs::path& file, std::size_t voxel_bytes) {
  std::size_t size = 0;
  try {
    GzipReader reader(file);
    std::vector<std::byte> block(1 << 20);
    for (std::size_t count = 1; count > 0; size += count) count = reader.read(block);
  } catch (const DataError&) {
    size = 0;
  }
  if (size > voxel_bytes) return;  // the header stands before the voxels
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const std::vector<char> more(1 << 20);
  const bool fits = descriptor >= 0 && ::write(descriptor, more.data(), more.size()) == 1 << 20;
  const int error = fits ? EIO : errno == 0 ? ENOSPC : errno;
  if (descriptor >= 0) ::close(descriptor);
  throw std::system_error(error, std::generic_category(), "a volume cannot be written");
}

template <class Voxel>
void write_image(const fs::path& path, const Geometry& geometry, const std::vector<Voxel>& voxels) {
  if (geometry.voxels() != static_cast<std::int64_t>(voxels.size()) || voxels.empty())
    throw std::invalid_argument("the number of voxels does not match the geometry");
  using Importer = itk::ImportImageFilter<Voxel, 3>;
  auto importer = Importer::New();
  typename Importer::RegionType region;
  typename Importer::SpacingType spacing;
  typename Importer::OriginType origin;
  typename Importer::DirectionType direction;
  for (unsigned int axis = 0; axis < 3; ++axis) {
    region.SetSize(axis, static_cast<itk::SizeValueType>(geometry.size[axis]));
    spacing[axis] = geometry.spacing_mm[axis];
    origin[axis] = geometry.origin_mm[axis];
    for (unsigned int column = 0; column < 3; ++column) direction[axis][column] = geometry.direction[axis][column];
  }
  importer->SetRegion(region);
  importer->SetSpacing(spacing);
  importer->SetOrigin(origin);
  importer->SetDirection(direction);
  // The importer only reads through the pointer, though its interface asks for a mutable one.
  importer->SetImportPointer(const_cast<Voxel*>(voxels.data()), voxels.size(), false);
  importer->Update();
  const typename itk::Image<Voxel, 3>::Pointer image = importer->GetOutput();
  image->DisconnectPipeline();  // an update of the importer would empty the dictionary
  itk::EncapsulateMetaData<std::string>(image->GetMetaDataDictionary(), "ITK_FileNotes", kSyntheticNote);
  const auto io = image_io(path);
  write_atomically_by_name(path, [&](const fs::path& part) {
    auto writer = itk::ImageFileWriter<itk::Image<Voxel, 3>>::New();
    writer->SetImageIO(io);
    writer->SetInput(image);
    writer->SetFileName(part.string());
    writer->SetUseCompression(true);
    try {
      writer->Update();
    } catch (const itk::ExceptionObject&) {
      // ITK's text names the file, which the caller may not want told.
      throw std::system_error(EIO, std::generic_category(), "a volume cannot be written");
    }
    if (volume_extension(part.filename().string()).starts_with(".nii"))
      require_whole(part, voxels.size() * sizeof(Voxel));
  });
}

}  // namespace

void write_volume(const fs::path& path, const Volume& volume) { write_image(path, volume.geometry, volume.hu); }

void write_labels(const fs::path& path, const LabelMap& labels) { write_image(path, labels.geometry, labels.label); }

}  // namespace ctforge::io
