package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import java.util.Map;

/**
 * The kernels by name. A kernel has the same name, arguments and grid on every kind of device; a grid counts what one block of threads does, and a
 * Java kernel divides the same work among the cores.
 */
final class EpKernels {
    static final String COUNT_ROWS = "count_rows";
    static final String PUBLISH_COUNTS = "publish_counts";
    static final String PLACE_SEGMENTS = "place_segments";
    static final String PLACE_ROWS = "place_rows";
    static final String DISPATCH_ROWS = "dispatch_rows";
    static final String COMBINE_F32 = "combine_f32";
    static final String COMBINE_BF16 = "combine_bf16";

    private EpKernels() {}

    static KernelSource source() {
        return KernelSource.cpu(MinimalAsyncEp.ID, Map.of(
                COUNT_ROWS, ExpertSort::countRows,
                PUBLISH_COUNTS, PlanKernels::publishCounts,
                PLACE_SEGMENTS, PlanKernels::placeSegments,
                PLACE_ROWS, PlanKernels::placeRows,
                DISPATCH_ROWS, RowKernels::dispatchRows,
                COMBINE_F32, launch -> RowKernels.combine(launch, RowCodec.F32),
                COMBINE_BF16, launch -> RowKernels.combine(launch, RowCodec.BF16)))
                // Missing where the build had no nvcc.
                .withResource(DeviceKind.CUDA, () -> EpKernels.class.getResourceAsStream("kernels.fatbin"));
    }
}
