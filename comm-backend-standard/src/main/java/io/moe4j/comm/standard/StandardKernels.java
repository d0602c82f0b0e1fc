package io.moe4j.comm.standard;

import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import java.util.Map;

/**
 * The kernels by name. A kernel has the same name, arguments and grid on every kind of device; a grid counts what one block of threads does, and a
 * Java kernel divides the same work among the cores.
 */
final class StandardKernels {
    static final String COUNT_ROWS = "count_rows";
    static final String SUM_COUNTS = "sum_counts";
    static final String PLACE_ROWS = "place_rows";
    static final String PACK_ROWS = "pack_rows";
    static final String REGROUP_ROWS = "regroup_rows";
    static final String UNPACK_SCALARS = "unpack_scalars";
    static final String SUM_ROWS_F32 = "sum_rows_f32";
    static final String SUM_ROWS_BF16 = "sum_rows_bf16";

    private StandardKernels() {}

    static KernelSource source() {
        return KernelSource.cpu(Standard.ID, Map.of(
                COUNT_ROWS, ExpertSort::countRows,
                SUM_COUNTS, PlanKernels::sumCounts,
                PLACE_ROWS, PlanKernels::placeRows,
                PACK_ROWS, RowKernels::packRows,
                REGROUP_ROWS, RowKernels::regroupRows,
                UNPACK_SCALARS, RowKernels::unpackScalars,
                SUM_ROWS_F32, launch -> RowKernels.sumRows(launch, RowCodec.F32),
                SUM_ROWS_BF16, launch -> RowKernels.sumRows(launch, RowCodec.BF16)))
                // Missing where the build had no nvcc.
                .withResource(DeviceKind.CUDA, () -> StandardKernels.class.getResourceAsStream("kernels.fatbin"));
    }
}
