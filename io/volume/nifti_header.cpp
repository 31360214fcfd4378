// NIfTI headers of both versions and either byte order, turned into one LPS geometry.
#include "io/volume/nifti_header.h"

#include "io/file/fault.h"
#include "io/volume/gzip_reader.h"
#include "io/volume/slice_stack.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>

namespace ctforge::io {

namespace {

// What both versions say, in wide types.
struct Fields {
  std::array<std::int64_t, 8> dim{};
  int datatype = 0, bits = 0, qform_code = 0, sform_code = 0, units = 0;
  std::array<double, 8> pixdim{};
  double offset = 0, slope = 0, intercept = 0;
  std::array<double, 6> quaternion{};  // b, c, d, x, y, z
  std::array<double, 12> rows{};       // srow_x, srow_y, srow_z
};

// An affine map from voxel index to RAS mm: three rows of four.
using Affine = std::array<std::array<double, 4>, 3>;

template <class T>
T at(std::span<const std::byte> bytes, std::size_t offset, bool swapped) {
  std::array<std::byte, sizeof(T)> raw;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), sizeof(T), raw.begin());
  if (swapped) std::reverse(raw.begin(), raw.end());
  return std::bit_cast<T>(raw);
}

template <class T, class Out, std::size_t N>
void fill(std::array<Out, N>& out, std::span<const std::byte> bytes, std::size_t offset, bool swapped) {
  for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<Out>(at<T>(bytes, offset + i * sizeof(T), swapped));
}

Fields parse_version_1(std::span<const std::byte> bytes, bool swapped) {
  Fields f;
  fill<std::int16_t>(f.dim, bytes, 40, swapped);
  f.datatype = at<std::int16_t>(bytes, 70, swapped);
  f.bits = at<std::int16_t>(bytes, 72, swapped);
  fill<float>(f.pixdim, bytes, 76, swapped);
  f.offset = at<float>(bytes, 108, swapped);
  f.slope = at<float>(bytes, 112, swapped);
  f.intercept = at<float>(bytes, 116, swapped);
  f.units = at<std::uint8_t>(bytes, 123, swapped);
  f.qform_code = at<std::int16_t>(bytes, 252, swapped);
  f.sform_code = at<std::int16_t>(bytes, 254, swapped);
  fill<float>(f.quaternion, bytes, 256, swapped);
  fill<float>(f.rows, bytes, 280, swapped);
  return f;
}

Fields parse_version_2(std::span<const std::byte> bytes, bool swapped) {
  Fields f;
  f.datatype = at<std::int16_t>(bytes, 12, swapped);
  f.bits = at<std::int16_t>(bytes, 14, swapped);
  fill<std::int64_t>(f.dim, bytes, 16, swapped);
  fill<double>(f.pixdim, bytes, 104, swapped);
  f.offset = static_cast<double>(at<std::int64_t>(bytes, 168, swapped));
  f.slope = at<double>(bytes, 176, swapped);
  f.intercept = at<double>(bytes, 184, swapped);
  f.qform_code = at<std::int32_t>(bytes, 344, swapped);
  f.sform_code = at<std::int32_t>(bytes, 348, swapped);
  fill<double>(f.quaternion, bytes, 352, swapped);
  fill<double>(f.rows, bytes, 400, swapped);
  f.units = at<std::int32_t>(bytes, 500, swapped);
  return f;
}

Fields parse(const std::filesystem::path& path, NiftiHeader& header) {
  constexpr int version_1 = 348, version_2 = 540;
  GzipReader reader(path);
  std::array<std::byte, version_2> bytes{};
  if (reader.read(std::span(bytes).first(version_1)) < version_1)
    throw DataError(Fault::TruncatedFile, "the file ends within its header");
  header.gzip = reader.compressed();
  const int as_is = at<std::int32_t>(bytes, 0, false), reversed = at<std::int32_t>(bytes, 0, true);
  header.swapped = reversed == version_1 || reversed == version_2;
  const int size = header.swapped ? reversed : as_is;
  const auto magic_is = [&](std::size_t offset, std::string_view magic) {
    return std::memcmp(bytes.data() + offset, magic.data(), magic.size()) == 0;
  };
  if (size == version_1 && magic_is(344, {"ni1\0", 4}))
    throw DataError(Fault::UnsupportedFormat, "header and voxels in two files, expected one .nii file");
  if (size == version_1 && magic_is(344, {"n+1\0", 4})) return parse_version_1(bytes, header.swapped);
  if (size != version_2 || !magic_is(4, {"n+2\0\r\n\032\n", 8}))
    throw DataError(Fault::InvalidHeader, "the magic word of NIfTI is missing");
  if (reader.read(std::span(bytes).subspan(version_1)) < version_2 - version_1)
    throw DataError(Fault::TruncatedFile, "the file ends within its header");
  return parse_version_2(bytes, header.swapped);
}

void read_size(const Fields& fields, std::int64_t voxel_cap, NiftiHeader& header) {
  const std::int64_t count = fields.dim[0];
  if (count < 1 || count > 7) throw DataError(Fault::InvalidHeader, "the number of dimensions is not from 1 to 7");
  for (std::size_t i = 1; i <= static_cast<std::size_t>(count); ++i)
    if (fields.dim[i] < 1) throw DataError(Fault::InvalidHeader, "a dimension is zero or negative");
  for (std::size_t i = 4; i <= static_cast<std::size_t>(count); ++i)
    if (fields.dim[i] != 1)
      throw DataError(Fault::NotThreeDimensional, "more than one volume in the file, expected three dimensions");
  if (count < 3) throw DataError(Fault::NotThreeDimensional, "fewer than three dimensions");
  std::int64_t voxels = 1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    header.geometry.size[axis] = fields.dim[axis + 1];
    if (fields.dim[axis + 1] > voxel_cap / voxels)
      throw DataError(Fault::TooLarge, "more voxels than the cap of " + std::to_string(voxel_cap));
    voxels *= fields.dim[axis + 1];
  }
}

void read_type(const Fields& fields, NiftiHeader& header) {
  struct Row {
    int code;
    Scalar scalar;
  };
  constexpr std::array rows = {Row{2, Scalar::U8},    Row{4, Scalar::I16},  Row{8, Scalar::I32},
                               Row{16, Scalar::F32},  Row{64, Scalar::F64}, Row{256, Scalar::I8},
                               Row{512, Scalar::U16}, Row{768, Scalar::U32}};
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.code == fields.datatype; });
  if (row == rows.end())
    throw DataError(Fault::InvalidHeader, "voxel type " + std::to_string(fields.datatype) + " is not read");
  header.scalar = row->scalar;
  if (fields.bits != 8 * scalar_bytes(row->scalar))
    throw DataError(Fault::InvalidHeader, "bits a voxel do not agree with the voxel type");
  if (!std::isfinite(fields.slope) || !std::isfinite(fields.intercept))
    throw DataError(Fault::InvalidRescale, "scl_slope or scl_inter is not a number");
  header.slope = fields.slope == 0 ? 1 : fields.slope;  // nifti1.h: zero means that nothing is to be scaled
  header.intercept = fields.slope == 0 ? 0 : fields.intercept;
}

std::uint32_t expanded_size_field(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<std::byte, 4> bytes{};
  in.seekg(-4, std::ios::end);
  in.read(reinterpret_cast<char*>(bytes.data()), 4);
  return at<std::uint32_t>(bytes, 0, std::endian::native == std::endian::big);
}

// Counts the expanded bytes, no more than asked for.
std::int64_t expanded_bytes(const std::filesystem::path& path, std::int64_t most) {
  GzipReader reader(path);
  std::vector<std::byte> buffer(1 << 20);
  std::int64_t total = 0;
  while (total < most) {
    const std::size_t got = reader.read(buffer);
    if (got == 0) break;
    total += static_cast<std::int64_t>(got);
  }
  return total;
}

void check_length(const std::filesystem::path& path, const Fields& fields, NiftiHeader& header) {
  // NIfTI-1 needs 352, NIfTI-2 544; the smaller bound is enough to keep voxels and header apart.
  if (!std::isfinite(fields.offset) || fields.offset < 352 || fields.offset > 1e9)
    throw DataError(Fault::InvalidHeader, "the offset of the voxels is impossible");
  header.data_offset = static_cast<std::int64_t>(fields.offset);
  std::error_code error;
  const auto file_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (error) throw DataError(Fault::Unreadable, "the size of a file cannot be read");
  const std::int64_t needed = header.data_offset + header.data_bytes();
  const auto check = [&](std::int64_t have) {
    if (have < needed)
      throw DataError(Fault::TruncatedFile,
                      "the file holds " + std::to_string(have) + " of " + std::to_string(needed) + " bytes");
    if (have > needed + kMostTrailingBytes)
      throw DataError(Fault::InvalidHeader,
                      "the file holds far more than the " + std::to_string(needed) + " bytes that its header tells of");
  };
  if (!header.gzip) return check(file_bytes);
  // Deflate (RFC 1951) packs at most 1032 bytes into one. The last field of a gzip file of one member (RFC 1952) tells
  // its expanded size; only where it does not fit is the file expanded to see.
  if (needed / 1032 > file_bytes) throw DataError(Fault::TruncatedFile, "the file is too small to hold its voxels");
  if (expanded_size_field(path) == static_cast<std::uint32_t>(needed)) return;
  check(expanded_bytes(path, needed + kMostTrailingBytes + 1));
}

// nifti1.h, method 2: the rotation of the unit quaternion, times the spacings, the third column times qfac.
Affine quaternion_affine(const Fields& fields) {
  double b = fields.quaternion[0], c = fields.quaternion[1], d = fields.quaternion[2];
  double a = 1 - (b * b + c * c + d * d);
  if (a < 1e-7) {
    const double scale = 1 / std::sqrt(b * b + c * c + d * d);
    a = 0;
    b *= scale;
    c *= scale;
    d *= scale;
  } else {
    a = std::sqrt(a);
  }
  const double x = fields.pixdim[1], y = fields.pixdim[2],
               z = fields.pixdim[0] < 0 ? -fields.pixdim[3] : fields.pixdim[3];
  return {
      {{(a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z, fields.quaternion[3]},
       {2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z, fields.quaternion[4]},
       {2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - b * b - c * c) * z, fields.quaternion[5]}}};
}

Affine row_affine(const Fields& fields) {
  Affine affine{};
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 4; ++column) affine[row][column] = fields.rows[row * 4 + column];
  return affine;
}

double largest_corner_distance(const Affine& p, const Affine& q, const std::array<std::int64_t, 3>& size) {
  double largest = 0;
  for (unsigned corner = 0; corner < 8; ++corner)
    for (std::size_t row = 0; row < 3; ++row) {
      double difference = p[row][3] - q[row][3];
      for (std::size_t axis = 0; axis < 3; ++axis)
        if (((corner >> axis) & 1U) != 0)
          difference += (p[row][axis] - q[row][axis]) * static_cast<double>(size[axis] - 1);
      largest = std::max(largest, std::abs(difference));
    }
  return largest;
}

bool all_finite(const Affine& affine) {
  for (const auto& row : affine)
    for (const double value : row)
      if (!std::isfinite(value)) return false;
  return true;
}

Affine choose_affine(const Fields& fields, const NiftiHeader& header) {
  for (std::size_t i = 1; i <= 3; ++i)
    if (!std::isfinite(fields.pixdim[i]) || fields.pixdim[i] <= 0)
      throw DataError(Fault::InvalidHeader, "a voxel spacing is zero, negative or not a number");
  if (fields.qform_code <= 0 && fields.sform_code <= 0)
    throw DataError(Fault::InconsistentGeometry, "neither qform nor sform is set: the orientation is unknown");
  const Affine quaternion = quaternion_affine(fields), rows = row_affine(fields);
  if ((fields.qform_code > 0 && !all_finite(quaternion)) || (fields.sform_code > 0 && !all_finite(rows)))
    throw DataError(Fault::InvalidHeader, "qform or sform holds a value that is not a number");
  const double tolerance = 0.1 * *std::min_element(fields.pixdim.begin() + 1, fields.pixdim.begin() + 4);
  if (fields.qform_code > 0 && fields.sform_code > 0 &&
      largest_corner_distance(quaternion, rows, header.geometry.size) > tolerance)
    throw DataError(Fault::InconsistentGeometry, "qform and sform place the volume differently");
  return fields.sform_code > 0 ? rows : quaternion;
}

// RAS to LPS, columns to unit vectors and spacings, left-handed axes to right-handed ones by turning the slices round.
void set_geometry(Affine affine, double unit_mm, const Fields& fields, NiftiHeader& header) {
  Geometry& geometry = header.geometry;
  std::array<Vector3, 3> column;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    column[axis] = {-affine[0][axis] * unit_mm, -affine[1][axis] * unit_mm, affine[2][axis] * unit_mm};
    const double length = std::sqrt(dot(column[axis], column[axis]));
    const double expected = fields.pixdim[axis + 1] * unit_mm;
    if (!(std::abs(length - expected) <= 0.01 * expected))
      throw DataError(Fault::InconsistentGeometry, "sform and the voxel spacings disagree");
    geometry.spacing_mm[axis] = length;
    for (double& value : column[axis]) value /= length;
  }
  geometry.origin_mm = {-affine[0][3] * unit_mm, -affine[1][3] * unit_mm, affine[2][3] * unit_mm};
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (std::abs(dot(column[axis], column[(axis + 1) % 3])) > 1e-3)
      throw DataError(Fault::InconsistentGeometry, "the axes of the volume are not at right angles (shear)");
  header.flip_slices = dot(cross(column[0], column[1]), column[2]) < 0;
  if (header.flip_slices) {
    const double depth = geometry.spacing_mm[2] * static_cast<double>(geometry.size[2] - 1);
    for (std::size_t row = 0; row < 3; ++row) geometry.origin_mm[row] += column[2][row] * depth;
  }
  geometry.direction = orthonormal(column[0], column[1]);
}

}  // namespace

NiftiHeader read_nifti_header(const std::filesystem::path& path, std::int64_t voxel_cap) {
  NiftiHeader header;
  const Fields fields = parse(path, header);
  read_size(fields, voxel_cap, header);
  read_type(fields, header);
  check_length(path, fields, header);
  double unit_mm = 1;
  switch (fields.units & 7) {
    case 0:
      header.notes.emplace_back("no unit of length; taken as mm");
      break;
    case 1:
      unit_mm = 1000;
      break;
    case 2:
      break;
    case 3:
      unit_mm = 0.001;
      break;
    default:
      throw DataError(Fault::InvalidHeader, "the unit of length is unknown");
  }
  set_geometry(choose_affine(fields, header), unit_mm, fields, header);
  return header;
}

}  // namespace ctforge::io
