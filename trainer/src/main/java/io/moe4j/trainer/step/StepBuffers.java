package io.moe4j.trainer.step;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.trainer.config.TrainerConfig;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The static buffers of a rank's steps, for inputs and results. Their addresses never change, so that a captured step can be replayed. */
final class StepBuffers implements AutoCloseable {
    /** Layout of the report in 32-bit words: loss, sum of squares, 2 unused; then 2 statistics and 3 statistics of rounds, two words each. */
    private static final int REPORT_WORDS = 14;

    private final RankContext rank;
    private final Memory inputs;
    private final Memory report;
    private final ExpertTokens expertTokens;
    private final int microbatches;
    private final Optional<DocumentBuffers> documents;
    private final Optional<AheadBuffers> ahead;
    private final Resources resources;

    /**
     * Allocates the buffers.
     *
     * @param config gives the number of tokens and microbatches, and whether documents are kept apart
     * @param modules number of modules for multi-token prediction
     * @param expertTokens the counts that some steps read together with the report
     */
    static StepBuffers open(RankContext rank, TrainerConfig config, int modules, ExpertTokens expertTokens) {
        return Resources.open("step buffers",
                resources -> new StepBuffers(rank, config, modules, expertTokens, resources));
    }

    private StepBuffers(RankContext rank, TrainerConfig config, int modules, ExpertTokens expertTokens,
            Resources resources) {
        this.rank = rank;
        this.expertTokens = expertTokens;
        this.resources = resources;
        this.microbatches = config.microbatches();
        long tokens = config.training().localTokens() * microbatches;
        inputs = resources.add(rank.device().allocate(2 * Tensor.bytes(DType.I32, tokens), "step inputs"));
        report = resources.add(rank.device().allocate(Tensor.bytes(DType.I32, reportWords()), "step report"));
        documents = config.data().documentBoundaries()
                ? Optional.of(resources.add(
                        new DocumentBuffers(rank, config.training().seqLen(), tokens, microbatches, "step inputs")))
                : Optional.empty();
        ahead = modules == 0 ? Optional.empty()
                : Optional.of(resources.add(
                        new AheadBuffers(rank, modules, config.training().seqLen(), tokens, microbatches)));
        rank.stream().fill(Tensor.of(inputs, 0, DType.I32, 2 * tokens), 0);
        rank.stream().fill(Tensor.of(report, 0, DType.I32, reportWords()), 0);
    }

    int microbatches() {
        return microbatches;
    }

    /** The model's inputs of one microbatch. */
    Microbatch microbatch(int index) {
        return Microbatch.of(index, microbatches).withDocuments(documents.map(buffers -> buffers.of(index)))
                .withTokensAhead(ahead.map(buffers -> buffers.of(index)).orElse(List.of()));
    }

    /** The token ids of one microbatch. */
    Tensor ids_T(int microbatch) {
        return part(ids(), microbatch);
    }

    /** The labels of one microbatch. */
    Tensor labels_T(int microbatch) {
        return part(labels(), microbatch);
    }

    private Tensor part(Tensor all, int microbatch) {
        long tokens = tokens() / microbatches;
        return all.slice(0, microbatch * tokens, (microbatch + 1) * tokens);
    }

    private Tensor ids() {
        return Tensor.of(inputs, 0, DType.I32, tokens());
    }

    private Tensor labels() {
        return Tensor.of(inputs, Tensor.bytes(DType.I32, tokens()), DType.I32, tokens());
    }

    /** F32 (1): the sum of this rank's losses, divided by the number of all ranks' tokens. */
    Tensor loss() {
        return Tensor.of(report, 0, DType.F32, 1);
    }

    /** F32 (1): the sum of the squares of the gradients that this rank holds. */
    Tensor sumOfSquares() {
        return Tensor.of(report, Float.BYTES, DType.F32, 1);
    }

    /** I64 (2): a copy of the communication backend's statistics. */
    Tensor statistics() {
        return Tensor.of(report, 4 * Integer.BYTES, DType.I64, 2);
    }

    /** I64 (3): a copy of the communication backend's statistics of rounds; 0 if it has none. */
    Tensor roundStatistics() {
        return Tensor.of(report, 8 * Integer.BYTES, DType.I64, 3);
    }

    /** Enqueues the copy of a batch from the host. */
    void upload(Batch batch) {
        if (batch.tokens() != tokens()) {
            throw new IllegalArgumentException("a batch of " + batch.tokens() + " tokens for a step of " + tokens()
                    + "; give local_batch_size · seq_len tokens for each of its "
                    + microbatches + " microbatches");
        }
        rank.stream().upload(MemorySegment.ofArray(batch.ids_T()), ids());
        rank.stream().upload(MemorySegment.ofArray(batch.labels_T()), labels());
        documents.ifPresent(buffers -> buffers.upload(batch));
        ahead.ifPresent(buffers -> buffers.upload(batch));
    }

    /** How many labels of each module for multi-token prediction count in the batch that was uploaded last. */
    List<Long> predictionTargets() {
        return ahead.map(AheadBuffers::targets).orElse(List.of());
    }

    /**
     * Waits for the step, and reads its results in one copy to the host, with or without the counts.
     *
     * @param withExpertTokens whether the counts of tokens for each expert are read too
     */
    Readings read(boolean withExpertTokens) {
        int[] words = new int[withExpertTokens ? reportWords() : REPORT_WORDS];
        if (withExpertTokens) {
            expertTokens.copyTo(rank.stream(),
                    Tensor.of(report, Tensor.bytes(DType.I32, REPORT_WORDS), DType.I32, expertTokens.size()));
        }
        rank.stream().download(Tensor.of(report, 0, DType.I32, words.length), MemorySegment.ofArray(words));
        return new Readings(Float.intBitsToFloat(words[0]), Float.intBitsToFloat(words[1]), joined(words, 4),
                joined(words, 6), new RoundCounts(joined(words, 8), joined(words, 10), joined(words, 12)),
                Arrays.copyOfRange(words, REPORT_WORDS, words.length));
    }

    private int reportWords() {
        return REPORT_WORDS + expertTokens.size();
    }

    /**
     * The results of a step on the device.
     *
     * @param loss the sum of this rank's losses, divided by the number of all ranks' tokens
     * @param sumOfSquares the sum of the squares of the gradients that this rank holds
     * @param requiredRows the most rows that this rank was to receive in one exchange
     * @param droppedRows rows that were dropped on this rank
     * @param rounds how many rounds the exchanges of this rank's group needed
     * @param expertTokens tokens of each expert, layer after layer, over this rank's expert-parallel group; empty if they were not read
     */
    record Readings(float loss, float sumOfSquares, long requiredRows, long droppedRows, RoundCounts rounds,
            int[] expertTokens) {}

    private static long joined(int[] words, int low) {
        return (words[low] & 0xFFFF_FFFFL) | (long) words[low + 1] << 32;
    }

    private long tokens() {
        return inputs.bytes() / (2 * Integer.BYTES);
    }

    @Override
    public void close() {
        resources.close();
    }
}
