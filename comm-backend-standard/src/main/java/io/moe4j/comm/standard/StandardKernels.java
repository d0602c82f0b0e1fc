package io.moe4j.comm.standard;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/**
 * Launches the kernels on a rank's stream. A kernel has the same name, arguments and grid on every kind of device. The grid is in blocks of threads;
 * a Java kernel divides the same work among the cores instead. The Java kernels document the arguments.
 */
final class StandardKernels {
    private static final String COUNT_ROWS = "count_rows";
    private static final String SUM_COUNTS = "sum_counts";
    private static final String PLACE_ROWS = "place_rows";
    private static final String PACK_ROWS = "pack_rows";
    private static final String REGROUP_ROWS = "regroup_rows";
    private static final String UNPACK_SCALARS = "unpack_scalars";
    private static final String SELECT_ROUND = "select_round";
    private static final String UNPACK_ROWS = "unpack_rows";
    private static final String SUM_ROWS_F32 = "sum_rows_f32";
    private static final String SUM_ROWS_BF16 = "sum_rows_bf16";

    private static final int THREADS = 256;
    private static final int WARPS = THREADS / 32;
    private static final long MAX_MOVING_BLOCKS = 2048;

    private final CommConfig config;
    private final Stream stream;
    private final KernelModule module;

    StandardKernels(CommConfig config, RankContext rank, Resources resources) {
        this.config = config;
        stream = rank.stream();
        module = resources.add(rank.device().load(source()));
    }

    static KernelSource source() {
        return KernelSource.cpu(Standard.ID, Map.of(
                COUNT_ROWS, ExpertSort::countRows,
                SUM_COUNTS, PlanKernels::sumCounts,
                PLACE_ROWS, PlanKernels::placeRows,
                PACK_ROWS, RowKernels::packRows,
                REGROUP_ROWS, RowKernels::regroupRows,
                UNPACK_SCALARS, RowKernels::unpackScalars,
                SELECT_ROUND, PlanKernels::selectRound,
                UNPACK_ROWS, RowKernels::unpackRows,
                SUM_ROWS_F32, launch -> RowKernels.sumRows(launch, RowCodec.F32),
                SUM_ROWS_BF16, launch -> RowKernels.sumRows(launch, RowCodec.BF16)))
                // Absent if the build had no nvcc.
                .withResource(DeviceKind.CUDA, () -> StandardKernels.class.getResourceAsStream("kernels.fatbin"));
    }

    void countRows(Tensor ids_TK, Tensor counts_BE) {
        launch(COUNT_ROWS, counts_BE.dim(0), 4 * config.experts(), KernelArg.of(ids_TK),
                KernelArg.of(config.routedRows()), KernelArg.of(config.experts()), KernelArg.of(counts_BE));
    }

    void sumCounts(Tensor counts_BE, Tensor counts_E) {
        launch(SUM_COUNTS, Math.ceilDiv(config.experts(), WARPS), 0, KernelArg.of(counts_BE),
                KernelArg.of(Math.toIntExact(counts_BE.dim(0))), KernelArg.of(config.experts()),
                KernelArg.of(counts_E));
    }

    void placeRows(Tensor ids_TK, Tensor before_BE, Tensor starts_E, Tensor kept_E, Tensor places_N) {
        launch(PLACE_ROWS, before_BE.dim(0), WARPS * 4 * config.experts(), KernelArg.of(ids_TK),
                KernelArg.of(config.routedRows()), KernelArg.of(config.experts()), KernelArg.of(before_BE),
                KernelArg.of(starts_E), KernelArg.of(kept_E), KernelArg.of(places_N));
    }

    void selectRound(Tensor allPlaces_N, Tensor parts_3EP, Tensor places_N) {
        launch(SELECT_ROUND, Math.ceilDiv(config.routedRows(), THREADS), 0, KernelArg.of(allPlaces_N),
                KernelArg.of(config.routedRows()), KernelArg.of(Math.toIntExact(parts_3EP.dim(1))),
                KernelArg.of(parts_3EP.select(0)), KernelArg.of(parts_3EP.select(1)),
                KernelArg.of(parts_3EP.select(2)), KernelArg.of(places_N));
    }

    /** @param slots a row for each routed row, in slot order */
    void unpackRows(Tensor returned, Tensor places_N, Tensor slots) {
        launch(UNPACK_ROWS, movingBlocks(config.routedRows()), 0, KernelArg.of(returned), KernelArg.of(places_N),
                KernelArg.of(config.routedRows()), KernelArg.of(rowBytes(returned)), KernelArg.of(slots));
    }

    /** @param sharers how many routed rows share one source row */
    void packRows(Tensor source, Tensor places_N, int sharers, Tensor packed) {
        launch(PACK_ROWS, movingBlocks(config.routedRows()), 0, KernelArg.of(source), KernelArg.of(places_N),
                KernelArg.of(config.routedRows()), KernelArg.of(sharers), KernelArg.of(rowBytes(source)),
                KernelArg.of(packed));
    }

    /** @param back true from the experts' order to the wire's order, false the other way */
    void regroupRows(Tensor in, Tensor out, StandardPlan plan, boolean back) {
        long rows = plan.routes().rowsReceived();
        launch(REGROUP_ROWS, movingBlocks(rows), 0, KernelArg.of(in), KernelArg.of(out),
                KernelArg.of(plan.arrivals_S()), KernelArg.of(plan.sources_S()), KernelArg.of(config.experts()),
                KernelArg.of(rows), KernelArg.of(rowBytes(in)), KernelArg.of(back ? 1 : 0));
    }

    void unpackScalars(Tensor returned, Tensor places_N, Tensor scalars_TK) {
        launch(UNPACK_SCALARS, Math.ceilDiv(config.routedRows(), THREADS), 0, KernelArg.of(returned),
                KernelArg.of(places_N), KernelArg.of(config.routedRows()), KernelArg.of(scalars_TK));
    }

    /** @param places_N absent if the rows are in slot order */
    void sumRows(Tensor returned, Optional<Tensor> places_N, Tensor out_TD) {
        launch(sumKernel(), config.tokens(), 0,
                KernelArg.of(returned), places_N.map(KernelArg::of).orElseGet(KernelArg::absent),
                KernelArg.of(config.tokens()),
                KernelArg.of(config.topK()), KernelArg.of(config.dim()), KernelArg.of(out_TD));
    }

    private static long rowBytes(Tensor rows) {
        return rows.dim(1) * rows.dtype().bytes();
    }

    /** One warp per row, up to the limit of blocks; beyond that, warps stride over the remaining rows. */
    private static long movingBlocks(long rows) {
        return Math.min(MAX_MOVING_BLOCKS, Math.ceilDiv(rows, WARPS));
    }

    private void launch(String kernel, long blocks, int sharedBytes, KernelArg... arguments) {
        stream.launch(Launch.of(module.kernel(kernel), arguments).withGrid((int) Math.max(1, blocks), 1)
                .withBlock(THREADS).withSharedBytes(sharedBytes));
    }

    private String sumKernel() {
        return switch (config.returnType()) {
            case F32 -> SUM_ROWS_F32;
            case BF16 -> SUM_ROWS_BF16;
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                    "rows of " + config.returnType() + " are not summed; rows are F32 or BF16");
        };
    }
}
