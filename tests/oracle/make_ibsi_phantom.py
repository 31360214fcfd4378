#!/usr/bin/env python3
"""Makes ibsi_phantom.json: the digital phantom of the Image Biomarker Standardisation Initiative and the values on which
its teams agreed (Zwanenburg et al., arXiv 1612.07003, section 5.1 and the benchmark tables of chapter 3).

Usage: python make_ibsi_phantom.py FOLDER > ibsi_phantom.json        (numpy, nibabel)

FOLDER holds ibsi_1_dig_phantom.csv ("reference value;tolerance;tag": the tables as oncoray/mirp carries them in
test/data/ibsi_1_reference_values), phantom.nii.gz and mask.nii.gz (theibsi/data_sets, ibsi_1_digital_phantom; CC BY 4.0).
"""
import csv
import json
import math
import pathlib
import sys

import nibabel
import numpy

NAMES = {
    "stat": "firstorder", "ih": "firstorder", "cm": "glcm", "rlm": "glrlm", "szm": "glszm", "ngt": "ngtdm", "ngl": "gldm",
    "morph": "shape",
}
FEATURES = {
    "morph": {"volume": "MeshVolume", "vol_approx": "VoxelVolume", "area_mesh": "SurfaceArea", "av": "SurfaceVolumeRatio",
              "sphericity": "Sphericity", "diam": "Maximum3DDiameter", "pca_maj_axis": "MajorAxisLength",
              "pca_min_axis": "MinorAxisLength", "pca_least_axis": "LeastAxisLength", "pca_elongation": "Elongation",
              "pca_flatness": "Flatness"},
    "stat": {"mean": "Mean", "var": "Variance", "skew": "Skewness", "kurt": "Kurtosis", "median": "Median",
             "min": "Minimum", "p10": "10Percentile", "p90": "90Percentile", "max": "Maximum",
             "iqr": "InterquartileRange", "range": "Range", "mad": "MeanAbsoluteDeviation",
             "rmad": "RobustMeanAbsoluteDeviation", "energy": "Energy", "rms": "RootMeanSquared"},
    "ih": {"entropy": "Entropy", "uniformity": "Uniformity"},
    "cm": {"joint_max": "MaximumProbability", "joint_avg": "JointAverage", "joint_var": "SumSquares",
           "joint_entr": "JointEntropy", "diff_avg": "DifferenceAverage", "diff_var": "DifferenceVariance",
           "diff_entr": "DifferenceEntropy", "sum_avg": "SumAverage", "sum_entr": "SumEntropy", "energy": "JointEnergy",
           "contrast": "Contrast", "inv_diff": "Id", "inv_diff_norm": "Idn", "inv_diff_mom": "Idm",
           "inv_diff_mom_norm": "Idmn", "inv_var": "InverseVariance", "corr": "Correlation",
           "auto_corr": "Autocorrelation", "clust_tend": "ClusterTendency", "clust_shade": "ClusterShade",
           "clust_prom": "ClusterProminence", "info_corr1": "Imc1", "info_corr2": "Imc2"},
    "rlm": {"sre": "ShortRunEmphasis", "lre": "LongRunEmphasis", "lgre": "LowGrayLevelRunEmphasis",
            "hgre": "HighGrayLevelRunEmphasis", "srlge": "ShortRunLowGrayLevelEmphasis",
            "srhge": "ShortRunHighGrayLevelEmphasis", "lrlge": "LongRunLowGrayLevelEmphasis",
            "lrhge": "LongRunHighGrayLevelEmphasis", "glnu": "GrayLevelNonUniformity",
            "glnu_norm": "GrayLevelNonUniformityNormalized", "rlnu": "RunLengthNonUniformity",
            "rlnu_norm": "RunLengthNonUniformityNormalized", "r_perc": "RunPercentage", "gl_var": "GrayLevelVariance",
            "rl_var": "RunVariance", "rl_entr": "RunEntropy"},
    "szm": {"sze": "SmallAreaEmphasis", "lze": "LargeAreaEmphasis", "lgze": "LowGrayLevelZoneEmphasis",
            "hgze": "HighGrayLevelZoneEmphasis", "szlge": "SmallAreaLowGrayLevelEmphasis",
            "szhge": "SmallAreaHighGrayLevelEmphasis", "lzlge": "LargeAreaLowGrayLevelEmphasis",
            "lzhge": "LargeAreaHighGrayLevelEmphasis", "glnu": "GrayLevelNonUniformity",
            "glnu_norm": "GrayLevelNonUniformityNormalized", "zsnu": "SizeZoneNonUniformity",
            "zsnu_norm": "SizeZoneNonUniformityNormalized", "z_perc": "ZonePercentage", "gl_var": "GrayLevelVariance",
            "zs_var": "ZoneVariance", "zs_entr": "ZoneEntropy"},
    "ngt": {"coarseness": "Coarseness", "contrast": "Contrast", "busyness": "Busyness", "complexity": "Complexity",
            "strength": "Strength"},
    "ngl": {"lde": "SmallDependenceEmphasis", "hde": "LargeDependenceEmphasis", "lgce": "LowGrayLevelEmphasis",
            "hgce": "HighGrayLevelEmphasis", "ldlge": "SmallDependenceLowGrayLevelEmphasis",
            "ldhge": "SmallDependenceHighGrayLevelEmphasis", "hdlge": "LargeDependenceLowGrayLevelEmphasis",
            "hdhge": "LargeDependenceHighGrayLevelEmphasis", "glnu": "GrayLevelNonUniformity",
            "dcnu": "DependenceNonUniformity", "dcnu_norm": "DependenceNonUniformityNormalized",
            "gl_var": "GrayLevelVariance", "dc_var": "DependenceVariance", "dc_entr": "DependenceEntropy"},
}
# How IBSI calls the ways of aggregation that are ours: along directions one by one, in the volume or slice by slice.
ENDINGS = {"3D": {"cm": "_3D_avg", "rlm": "_3D_avg", "szm": "_3D", "ngt": "_3D", "ngl": "_3D", "stat": "", "ih": "",
                  "morph": ""},
           "2D": {"cm": "_2D_avg", "rlm": "_2D_avg", "szm": "_2D", "ngt": "_2D", "ngl": "_2D"}}



def tolerance(row):
    """As published; at the least half a unit of the third significant digit, to which values are printed."""
    value = abs(float(row["reference value"]))
    return max(float(row["tolerance"]), 0.5001 * 10.0 ** ((math.floor(math.log10(value)) if value else 0) - 2))


folder = pathlib.Path(sys.argv[1])
with open(folder / "ibsi_1_dig_phantom.csv", newline="") as file:
    table = {row["tag"]: (float(row["reference value"]), tolerance(row))
             for row in csv.DictReader(file, delimiter=";") if row["reference value"]}
values = {aggregation: {f"{NAMES[family]}_{ours}": table[f"{family}_{theirs}{ending}"]
                        for family, ending in endings.items() for theirs, ours in FEATURES[family].items()}
          for aggregation, endings in ENDINGS.items()}


def volume(name):
    array = numpy.asarray(nibabel.load(folder / name).dataobj)
    return array.transpose(2, 1, 0).astype(int).tolist()  # [z,y,x]


print(json.dumps({"levels": volume("phantom.nii.gz"), "mask": volume("mask.nii.gz"), "spacing_mm": [2, 2, 2],
                  "values": values}, indent=None).replace('"values"', '\n"values"').replace('"2D"', '\n"2D"'))
