package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Expert-parallel exchange, open for one rank. All ranks of the group make the same calls in the same order; work is enqueued on the rank's
 * main stream, or on a second one that the main stream waits for.
 *
 * <p>There are two operations, and each is the other's adjoint. {@link #dispatch} copies each token's row to the ranks of its K experts;
 * {@link #combine} sums, for each token, the K rows that come back. So the gradient of dispatch is combine, and the gradient of combine is dispatch.
 * The gate's weights are sent with the rows, one fp32 scalar for each, and their gradients are sent back in the same way; the experts apply the weights
 * at no extra cost. DeepSeek's DeepEP library divides the work in the same way.
 *
 * <p>Any exchange may be launched while an earlier one has not been awaited, in all four orders: a dispatch after a dispatch into the other buffer, a
 * combine after a dispatch, a dispatch after a combine (even into the buffer whose rows that combine sends back), and a combine after a combine.
 * Pending exchanges may be awaited in any order, as long as it is the same on all ranks, and more than once. A lease on a buffer ends only with the
 * next dispatch into that buffer, awaited or not.
 *
 * <p>Arguments are only read, except those that are documented as overwritten. They may be reused as soon as the call has returned: work that the
 * caller enqueues later on the main stream runs after the exchange has read them. Received rows that a combine sends back are not overwritten before
 * the next dispatch into their buffer; the scope in which they were received may close once combine has returned. None of this holds, until it is
 * awaited, for a request that may run {@linkplain DispatchRequest#besideMain() beside the main stream}: a backend whose rank has a {@linkplain
 * io.moe4j.api.group.RankContext#communication() second stream} may enqueue it there, after the work that the main stream has enqueued so far.
 *
 * <p>Invalid calls are refused before anything is enqueued, and later calls work. Tensors of another shape or type, and plans and rows of another
 * backend, cause an {@link IllegalArgumentException} that names the argument: {@code ids_TK}, {@code x_TD}, the plan, the rows. After {@link #close()},
 * every call but another close throws an {@link IllegalStateException} whose message says "closed"; so does {@link PendingRows#await()}, if the rows lie
 * in buffers of the backend.
 *
 * <p>Before a run, hosts make one step with the backend on a device whose {@link io.moe4j.api.device.Device#kind()} is
 * {@link io.moe4j.api.device.DeviceKind#PLANNING}: nothing is computed, the host reads zeros, and the memory that is allocated there is the memory that
 * the run gets. So ask {@link io.moe4j.api.device.Device#targetKind()} which kernels are supported, and do not let allocations depend on values that the
 * host has read.
 *
 * <p>Arrival order, the same for every backend: rows are grouped by local expert, within an expert by source rank, within a source rank by
 * routed row (token-major: row n = t·K + k).
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface CommBackend extends AutoCloseable {

    /**
     * Computes where each routed row goes. The plan lies in kept memory ({@link io.moe4j.api.memory.MemoryStack#keep}): it stays until the end of
     * the step, even if scopes close earlier; temporaries of this call are given back before it returns. The plan is made from the ids that the tensor has
     * when the stream reaches this work: the same tensor may have other ids in the next call, and in the next replay.
     *
     * @param ids_TK I32 expert ids (T, K), distinct within a token, in [0, E). On the CPU an id that is not in [0, E) is an error, thrown by this
     *     call or by the next call that waits
     */
    DispatchPlan plan(Tensor ids_TK);

    /**
     * Sends rows to their experts.
     *
     * @return the launched dispatch; its rows become usable through {@link PendingRows#await()}
     */
    PendingRows dispatch(DispatchRequest request);

    /**
     * Sends rows back and sums them: out[t] = Σ_k row(t, k), in fp32, in slot order, rounded once; dropped rows count as zero. Temporaries of
     * this call are given back before it returns. If a plan needs several rounds, each but the last only sends its rows back, into
     * {@link CombineRequest#waiting_ND()}, and the last one sums: the result has the same bits, however many rounds there are.
     */
    PendingTokens combine(CombineRequest request);

    /**
     * I64 (2), on the device: the most rows that any plan routed to this rank, including dropped rows; and the number of rows dropped at this rank in all
     * plans. Both since the last {@link #resetStatistics()}. A backend without statistics cannot report an overflow, so it is accepted only with the
     * worst-case capacity. Since SPI 1.1.
     */
    default Optional<Tensor> statistics() {
        return Optional.empty();
    }

    /** Enqueues setting the statistics to zero; part of each step. Since SPI 1.1. */
    default void resetStatistics() {}

    /**
     * The most rounds that any plan can need. 1 unless the backend was opened with {@link OverflowAction#ROUNDS} and a capacity below the worst case.
     * Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default int maxRounds() {
        return 1;
    }

    /**
     * Enqueues the rounds of a plan that follow the first. With a capacity of C rows, the plan itself is for the rows whose position in the arrival
     * order is below C: its first round. {@code round} enqueues the work of one more round: it receives a plan whose offsets are those of the next C
     * rows, dispatches with it, and combines the rows it received, each time with the same calls. The host may not know how many rounds a plan needs:
     * {@code round} may be called for rounds in which no rank has rows left (then offsets are 0, and exchanges do nothing), or once for work that the
     * device repeats. The plan that {@code round} receives is valid during that call only. All rounds of one dispatch or combine are enqueued between
     * the first round and any other use of the plan. Open a scope in each round, so that the memory of its rows is given back before the next. Example, in
     * which {@code waiting_ND} holds rows of earlier rounds, and rows are sent back unchanged:
     *
     * <pre>{@code
     * Consumer<DispatchPlan> round = part -> {
     *     try (Scope scope = memory.open()) {
     *         ReceivedRows rows = comm.dispatch(DispatchRequest.of(part, x_TD, ACTIVATIONS)).await();
     *         comm.combine(CombineRequest.of(rows, out_TD).withWaiting(waiting_ND)).await();
     *     }
     * };
     * round.accept(plan);
     * comm.furtherRounds(plan, round);
     * }</pre>
     *
     * <p>Does nothing if {@link #maxRounds()} is 1. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default void furtherRounds(DispatchPlan plan, Consumer<DispatchPlan> round) {}

    /**
     * I64 (3), on the device: the number of plans, the number of plans that need more than one round, and the most rounds that any plan needs; all since
     * the last {@link #resetStatistics()}, and the same on all ranks of the group. Absent if {@link #maxRounds()} is 1. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default Optional<Tensor> roundStatistics() {
        return Optional.empty();
    }

    /**
     * How many multiprocessors of the device an exchange {@linkplain DispatchRequest#besideMain() beside the main stream} occupies; 0 if there is no such
     * exchange. Work of the main stream should {@linkplain io.moe4j.api.device.Stream#leaveMultiprocessors leave} them free meanwhile. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default int multiprocessorsBeside() {
        return 0;
    }

    /** R_max: rows that a receive buffer can hold. */
    long capacityRows();

    /**
     * Bytes for the rows of one {@linkplain DispatchRequest#keepsRows() kept dispatch}, in addition to the receive buffers; 0 if this backend cannot keep
     * rows. When it is opened, it allocates this {@link CommConfig#keptDispatches()} times. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default long keptBytes() {
        return 0;
    }

    /**
     * Waits for the work that this backend has launched, then releases everything that it has allocated or opened: memory, peer memory, kernels, streams.
     * The peer group and the collectives of its context belong to the opener, and stay open. Closing twice is harmless. After a rank has failed, closing
     * throws nothing and waits for no other rank. All ranks close; several backends may be open at once, and another one may be opened afterwards.
     */
    @Override
    void close();
}
