package io.moe4j.trainer.config;

import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.autograd.model.ModelSpec;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Checks that ranks, model and batch fit together. */
final class LayoutRules {
    private static final String RANKS = "ranks";
    private static final String DEVICES = "runtime.devices";
    private static final String REPLICATE = "parallelism.data_parallel_replicate_degree";
    private static final String SHARD = "parallelism.data_parallel_shard_degree";
    private static final String EXPERT = "parallelism.expert_parallel_degree";
    private static final String SEQUENCE = "training.seq_len";
    private static final String BATCH = "training.local_batch_size";
    private static final String GLOBAL_BATCH = "training.global_batch_size";
    private static final String ACCUMULATION = "training.gradient_accumulation_steps";
    /** The most rounds of one exchange. 1024 rounds of a layer are about 20,000 kernel launches, forward and backward together. */
    private static final int MAX_ROUNDS = 1024;

    private final TrainerConfig config;
    private final Findings findings;

    private LayoutRules(TrainerConfig config, Findings findings) {
        this.config = config;
        this.findings = findings;
    }

    static void check(TrainerConfig config, Findings findings) {
        LayoutRules rules = new LayoutRules(config, findings);
        rules.ranks();
        rules.microbatches();
    }

    static void checkModel(TrainerConfig config, ModelSpec spec, Findings findings) {
        LayoutRules rules = new LayoutRules(config, findings);
        rules.model(spec);
        spec.moe().ifPresent(rules::moe);
    }

    private void ranks() {
        if (!findings.readable(RANKS)) {
            // The shard degree may depend on the number of ranks, which could not be read.
            return;
        }
        ParallelismConfig parallelism = config.parallelism();
        int replicas = Math.max(1, parallelism.dataParallelReplicateDegree());
        findings.require(config.ranks() == parallelism.world(),
                "ranks must be replicate degree times shard degree, which is " + parallelism.world(),
                config.ranks() % replicas == 0
                        ? "set " + SHARD + " to " + config.ranks() / replicas + ", or leave it out"
                        : "set " + RANKS + " to a multiple of " + replicas,
                RANKS, REPLICATE, SHARD);
        int devices = Math.max(1, config.runtime().devices());
        findings.require(config.ranks() % devices == 0, "each device takes the same number of ranks",
                "set " + DEVICES + " to a divisor of " + config.ranks(), DEVICES, RANKS);
        findings.require(parallelism.expertParallelDegree() < 1
                || parallelism.dataParallelShardDegree() % parallelism.expertParallelDegree() == 0,
                "the expert-parallel degree must divide the shard degree: experts are shared by ranks of one shard group",
                "set " + EXPERT + " to a divisor of " + parallelism.dataParallelShardDegree(), EXPERT, SHARD);
    }

    /** The batch of a step is given by the number of microbatches or by the number of sequences, or by both, if they agree. */
    private void microbatches() {
        TrainingConfig training = config.training();
        long together = (long) config.ranks() * training.localBatchSize();
        if (training.globalBatchSize() < 1 || training.gradientAccumulationSteps() < 0 || together < 1) {
            return;
        }
        long wanted = Math.max(1, training.globalBatchSize() / together);
        findings.require(training.globalBatchSize() % together == 0,
                "a step has whole microbatches of ranks · local_batch_size = " + together + " sequences",
                "set " + GLOBAL_BATCH + " to a multiple of " + together + ", such as " + wanted * together,
                GLOBAL_BATCH, BATCH, RANKS);
        // The product of three keys, each below 2^31, may take more than 64 bits.
        BigInteger accumulated = BigInteger.valueOf(together)
                .multiply(BigInteger.valueOf(training.gradientAccumulationSteps()));
        findings.require(training.gradientAccumulationSteps() == 0
                || accumulated.equals(BigInteger.valueOf(training.globalBatchSize())),
                "both say how many microbatches a step has, and they differ: " + training.gradientAccumulationSteps()
                        + " microbatches are " + accumulated + " sequences",
                "leave one of them out", ACCUMULATION, GLOBAL_BATCH);
    }

    private void model(ModelSpec spec) {
        int degree = config.parallelism().expertParallelDegree();
        int sequence = config.training().seqLen();
        if (degree >= 1 && sequence >= 1 && findings.readable(EXPERT, SEQUENCE)) {
            List<String> ofDegree = spec.problems(degree, 1);
            List<String> ofSequence = spec.problems(1, sequence);
            for (String problem : spec.problems(degree, sequence)) {
                boolean one = ofDegree.contains(problem) != ofSequence.contains(problem);
                String shown = one ? findings.shown(ofDegree.contains(problem) ? EXPERT : SEQUENCE)
                        : findings.shown(EXPERT, SEQUENCE);
                findings.note(new Problem(shown, problem, ""));
            }
        }
        // The product of three keys, each below 2^31, may take more than 64 bits.
        BigInteger stepTokens = BigInteger.valueOf(config.training().localTokens())
                .multiply(BigInteger.valueOf(config.microbatches()));
        String microbatches = config.training().globalBatchSize() > 0 ? GLOBAL_BATCH : ACCUMULATION;
        findings.require(stepTokens.bitLength() < Integer.SIZE,
                "a rank's step has " + stepTokens + " tokens; fewer than 2^31 can be addressed",
                "lower " + BATCH + ", " + SEQUENCE + " or " + microbatches, BATCH, SEQUENCE, microbatches);
    }

    private void moe(ModelSpec.MoeSpec moe) {
        int degree = config.parallelism().expertParallelDegree();
        long tokens = config.training().localTokens();
        if (degree < 1 || tokens < 1 || moe.experts() % degree != 0) {
            return;
        }
        ReceiveCapacity capacity = config.moe().receiveCapacity();
        long rows = capacity.rows(tokens, moe.topK(), moe.experts(), degree);
        long worst = ReceiveCapacity.worstCase().rows(tokens, moe.topK(), moe.experts(), degree);
        boolean overflows = capacity instanceof ReceiveCapacity.Balanced && rows < worst
                && !config.moe().forceLoadBalance()
                && config.moe().onOverflow().equals(Optional.of(OverflowAction.FAIL));
        findings.require(!overflows, "the balanced capacity (" + rows + " rows, of " + worst
                + " in the worst case) holds forced round-robin routing only; learnt routing overflows it in the first steps",
                "set moe.force_load_balance, or a capacity of worst_case or a factor, or moe.on_overflow to rounds or drop",
                "moe.receive_capacity", "moe.force_load_balance", "moe.on_overflow");
        rounds(rows, worst, tokens * moe.topK());
    }

    /** Checks the number of rounds that the host enqueues for every exchange, whether they are needed or not. */
    private void rounds(long rows, long worst, long balanced) {
        boolean inRounds = config.moe().onOverflow().map(OverflowAction.ROUNDS::equals).orElse(true);
        long most = Math.ceilDiv(worst, Math.max(1, rows));
        double factor = Math.ceil(100.0 * worst / MAX_ROUNDS / balanced) / 100;
        findings.require(!inRounds || most <= MAX_ROUNDS,
                String.format(Locale.ROOT,
                        "a buffer of %,d rows would need up to %,d rounds where one rank receives the %,d"
                                + " rows of the worst case; all of them are prepared, whether they are needed or not, and %,d"
                                + " rounds are the most",
                        rows, most, worst, MAX_ROUNDS),
                "set moe.receive_capacity to " + Math.max(0.01, factor) + " or more", "moe.receive_capacity");
    }
}
