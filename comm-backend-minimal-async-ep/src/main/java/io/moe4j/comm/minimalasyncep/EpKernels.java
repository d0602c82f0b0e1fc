package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/**
 * Launches the kernels on a rank's stream. A kernel has the same name, arguments and grid on every kind of device. The grid is in blocks of threads;
 * a Java kernel divides the same work among the cores instead. The Java kernels document the arguments.
 */
final class EpKernels {
    private static final String COUNT_ROWS = "count_rows";
    private static final String PUBLISH_COUNTS = "publish_counts";
    private static final String PLACE_SEGMENTS = "place_segments";
    private static final String PLACE_ROWS = "place_rows";
    private static final String PLAN_ROUNDS = "plan_rounds";
    private static final String OPEN_ROUND = "open_round";
    private static final String DISPATCH_ROWS = "dispatch_rows";
    private static final String DISPATCH_ROWS_ONCE = "dispatch_rows_once";
    private static final String SPREAD_ROWS = "spread_rows";
    private static final String COMBINE_F32 = "combine_f32";
    private static final String COMBINE_BF16 = "combine_bf16";
    private static final String COMBINE_WHOLE_F32 = "combine_whole_f32";
    private static final String COMBINE_WHOLE_BF16 = "combine_whole_bf16";

    /** Suffix of the kernels whose blocks are {@link #BESIDE_BLOCKS} times larger, so that each fills a multiprocessor; otherwise they are the same. */
    private static final String BESIDE = "_beside";

    private static final int THREADS = 256;
    private static final int BESIDE_BLOCKS = 4;
    private static final int WARPS = THREADS / 32;
    private static final int MAX_DISPATCH_BLOCKS = 2048;
    private static final int SPREAD_ROWS_OF_BLOCK = 8 * WARPS;

    private final CommConfig config;
    private final int rank;
    private final int ranks;
    private final ExchangeStream exchange;
    private final int blocksBeside;
    private final KernelModule module;

    EpKernels(CommConfig config, CommContext context, ExchangeStream exchange, Resources resources) {
        this.config = config;
        rank = context.group().index();
        ranks = context.group().size();
        this.exchange = exchange;
        blocksBeside = Math.toIntExact(context.rank().settings(MinimalAsyncEp.ID).get(MinimalAsyncEp.BLOCKS_BESIDE));
        module = resources.add(context.rank().device().load(source()));
    }

    static KernelSource source() {
        return KernelSource.cpu(MinimalAsyncEp.ID, Map.ofEntries(
                Map.entry(COUNT_ROWS, ExpertSort::countRows),
                Map.entry(PUBLISH_COUNTS, PlanKernels::publishCounts),
                Map.entry(PLACE_SEGMENTS, PlanKernels::placeSegments),
                Map.entry(PLACE_ROWS, PlanKernels::placeRows),
                Map.entry(PLAN_ROUNDS, RoundKernels::planRounds),
                Map.entry(OPEN_ROUND, RoundKernels::openRound),
                Map.entry(DISPATCH_ROWS, RowKernels::dispatchRows),
                Map.entry(DISPATCH_ROWS + BESIDE, RowKernels::dispatchRows),
                Map.entry(DISPATCH_ROWS_ONCE, OnceKernels::dispatchRowsOnce),
                Map.entry(DISPATCH_ROWS_ONCE + BESIDE, OnceKernels::dispatchRowsOnce),
                Map.entry(SPREAD_ROWS, OnceKernels::spreadRows),
                Map.entry(COMBINE_F32, launch -> RowKernels.combine(launch, RowCodec.F32)),
                Map.entry(COMBINE_BF16, launch -> RowKernels.combine(launch, RowCodec.BF16)),
                Map.entry(COMBINE_WHOLE_F32, launch -> RowKernels.combine(launch, RowCodec.F32)),
                Map.entry(COMBINE_WHOLE_F32 + BESIDE, launch -> RowKernels.combine(launch, RowCodec.F32)),
                Map.entry(COMBINE_WHOLE_BF16, launch -> RowKernels.combine(launch, RowCodec.BF16)),
                Map.entry(COMBINE_WHOLE_BF16 + BESIDE, launch -> RowKernels.combine(launch, RowCodec.BF16))))
                // Absent if the build had no nvcc.
                .withResource(DeviceKind.CUDA, () -> EpKernels.class.getResourceAsStream("kernels.fatbin"));
    }

    void countRows(Tensor ids_TK, Tensor counts_BE) {
        launch(COUNT_ROWS, counts_BE.dim(0), 4 * config.experts(), KernelArg.of(ids_TK),
                KernelArg.of(config.routedRows()), KernelArg.of(config.experts()), KernelArg.of(counts_BE));
    }

    void publishCounts(Tensor counts_BE, SymmetricMemory counts_EPE) {
        launch(PUBLISH_COUNTS, Math.ceilDiv(config.experts(), WARPS), 0, KernelArg.of(counts_BE),
                KernelArg.of(Math.toIntExact(counts_BE.dim(0))), KernelArg.of(config.experts()), KernelArg.of(rank),
                KernelArg.of(ranks), KernelArg.peers(counts_EPE));
    }

    /** With rounds, the capacity is that of all rounds together: nothing is dropped, and the offsets are those of all rows. */
    void placeSegments(Tensor counts_EPE, Tensor starts_E, EpPlan plan, Tensor statistics_2) {
        launch(PLACE_SEGMENTS, 1, 0, KernelArg.of(counts_EPE), KernelArg.of(ranks), KernelArg.of(config.experts()),
                KernelArg.of(rank), KernelArg.of(placesOf(plan)), KernelArg.of(starts_E),
                KernelArg.of(plan.rounds().map(EpRounds::ends_e).orElse(plan.offsets_e())),
                KernelArg.of(plan.tokensPerExpert_E()), KernelArg.of(statistics_2));
    }

    void placeRows(Tensor ids_TK, Tensor before_BE, Tensor starts_E, EpPlan plan) {
        launch(PLACE_ROWS, before_BE.dim(0), WARPS * 4 * config.experts(), KernelArg.of(ids_TK),
                KernelArg.of(config.routedRows()), KernelArg.of(config.experts()),
                KernelArg.of(config.experts() / ranks), KernelArg.of(before_BE), KernelArg.of(starts_E),
                KernelArg.of(placesOf(plan)), KernelArg.of(plan.destinations_N()));
    }

    private long placesOf(EpPlan plan) {
        return plan.rounds().isPresent() ? config.worstCaseRows(ranks) : config.capacityRows(ranks);
    }

    void planRounds(Tensor counts_EPE, EpPlan plan, EpRounds rounds, Tensor statistics_3) {
        launch(PLAN_ROUNDS, 1, 0, KernelArg.of(counts_EPE), KernelArg.of(ranks), KernelArg.of(config.experts()),
                KernelArg.of(config.capacityRows(ranks)), KernelArg.of(rounds.ends_e()),
                KernelArg.of(rounds.rounds_1()), KernelArg.of(plan.offsets_e()), KernelArg.of(statistics_3));
    }

    void openRound(EpRounds rounds) {
        launch(OPEN_ROUND, 1, 0, KernelArg.of(rounds.round_1()), KernelArg.of(rounds.ends_e()),
                KernelArg.of(config.experts() / ranks), KernelArg.of(config.capacityRows(ranks)),
                KernelArg.of(rounds.offsets_e()), KernelArg.of(rounds.before_1()));
    }

    /** One warp per token, up to the limit of blocks; beyond that, warps stride over the remaining tokens. */
    void dispatchRows(DispatchRequest request, EpPlan plan, Landing landing) {
        dispatch(request, request.x_TD(), request.weights_TK(), plan, landing, landing.peerRows());
        // The scales of a row go to the same places as the row.
        request.x_TD().scales().ifPresent(scales -> dispatch(request, scales.values(), Optional.empty(), plan, landing,
                landing.peerRowScales()));
    }

    private void dispatch(DispatchRequest request, Tensor rows, Optional<Tensor> weights_TK, EpPlan plan,
            Landing landing, KernelArg peerRows) {
        launchRows(DISPATCH_ROWS, request.besideMain(), dispatchBlocks(), KernelArg.of(rows), orAbsent(weights_TK),
                KernelArg.of(plan.destinations_N()), KernelArg.of(config.tokens()), KernelArg.of(config.topK()),
                KernelArg.of(rows.dim(1) * rows.dtype().bytes()), peerRows, landing.peerWeights(),
                plan.roundsArgument(), plan.roundArgument(), KernelArg.of(config.capacityRows(ranks)));
    }

    private long dispatchBlocks() {
        return Math.min(MAX_DISPATCH_BLOCKS, Math.ceilDiv(config.tokens(), WARPS));
    }

    /**
     * As {@link #dispatchRows}, but sends a row once to each rank of {@code far_EP}. After it has arrived, it has to be {@linkplain #spreadRows spread}.
     */
    void dispatchRowsOnce(DispatchRequest request, Tensor far_EP, EpLease lease) {
        dispatchOnce(request, request.x_TD(), request.weights_TK(), far_EP, lease, lease.landing().peerRows());
        request.x_TD().scales().ifPresent(scales -> dispatchOnce(request, scales.values(), Optional.empty(), far_EP,
                lease, lease.landing().peerRowScales()));
    }

    private void dispatchOnce(DispatchRequest request, Tensor rows, Optional<Tensor> weights_TK, Tensor far_EP,
            EpLease lease, KernelArg peerRows) {
        EpPlan plan = lease.plan();
        launchRows(DISPATCH_ROWS_ONCE, request.besideMain(), dispatchBlocks(), KernelArg.of(rows), orAbsent(weights_TK),
                KernelArg.of(plan.destinations_N()), KernelArg.of(config.tokens()), KernelArg.of(config.topK()),
                KernelArg.of(rows.dim(1) * rows.dtype().bytes()), KernelArg.of(far_EP), peerRows,
                lease.landing().peerWeights(), lease.slot().peerChain(), plan.roundsArgument(), plan.roundArgument(),
                KernelArg.of(config.capacityRows(ranks)));
    }

    /** One warp per eight received rows, up to the limit of blocks. */
    void spreadRows(EpLease lease) {
        Tensor rows_RD = lease.rows_RD();
        spread(rows_RD, lease.plan(), lease.slot());
        rows_RD.scales().ifPresent(scales -> spread(scales.values(), lease.plan(), lease.slot()));
    }

    private void spread(Tensor rows, EpPlan plan, ReceiveSlot slot) {
        long local = plan.offsets_e().dim(0);
        launch(SPREAD_ROWS, Math.min(MAX_DISPATCH_BLOCKS, Math.ceilDiv(rows.dim(0), SPREAD_ROWS_OF_BLOCK)), 0,
                KernelArg.of(rows), KernelArg.of(slot.chain_R()),
                KernelArg.of(plan.offsets_e().slice(0, local - 1, local)),
                KernelArg.of(rows.dim(1) * rows.dtype().bytes()));
    }

    void combine(EpPlan plan, ReceiveSlot slot, CombineRequest request) {
        boolean rounds = plan.rounds().isPresent();
        launchRows(sumKernel(rounds), request.besideMain() && !rounds, config.tokens(),
                KernelArg.of(plan.destinations_N()), KernelArg.of(config.tokens()), KernelArg.of(config.topK()),
                KernelArg.of(config.dim()), slot.peerRows(), slot.peerScalars(), KernelArg.of(request.out_TD()),
                orAbsent(request.scalars_TK()), plan.roundsArgument(), plan.roundArgument(),
                KernelArg.of(config.capacityRows(ranks)), orAbsent(request.waiting_ND()));
    }

    private static KernelArg orAbsent(Optional<Tensor> tensor) {
        return tensor.map(KernelArg::of).orElseGet(KernelArg::absent);
    }

    private void launch(String kernel, long blocks, int sharedBytes, KernelArg... arguments) {
        launch(kernel, blocks, THREADS, sharedBytes, arguments);
    }

    /** Beside the main stream, rows occupy few multiprocessors, but these fully: few keep the links busy, and each block of a product needs a whole one. */
    private void launchRows(String kernel, boolean besideMain, long blocks, KernelArg... arguments) {
        if (besideMain && exchange.isBesideMain()) {
            launch(kernel + BESIDE, Math.ceilDiv(Math.min(blocks, blocksBeside), BESIDE_BLOCKS),
                    THREADS * BESIDE_BLOCKS, 0, arguments);
        } else {
            launch(kernel, blocks, THREADS, 0, arguments);
        }
    }

    private void launch(String kernel, long blocks, int threads, int sharedBytes, KernelArg... arguments) {
        exchange.stream().launch(Launch.of(module.kernel(kernel), arguments).withGrid((int) Math.max(1, blocks), 1)
                .withBlock(threads).withSharedBytes(sharedBytes));
    }

    /** Plans that need only one round have separate kernels, which take fewer registers. */
    private String sumKernel(boolean rounds) {
        return switch (config.returnType()) {
            case F32 -> rounds ? COMBINE_F32 : COMBINE_WHOLE_F32;
            case BF16 -> rounds ? COMBINE_BF16 : COMBINE_WHOLE_BF16;
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                    "rows of " + config.returnType() + " are not summed; rows are F32 or BF16");
        };
    }
}
