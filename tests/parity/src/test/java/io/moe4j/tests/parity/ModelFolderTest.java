package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders that Hugging Face's classes have written in bfloat16: the first loss and the logits are theirs, computed in single precision. */
class ModelFolderTest {
    /** Bound of the loss: sums of 48 tokens and 256 logits in another order. */
    private static final double LOSS = 1e-5;
    private static final double LOGITS = 1e-4;

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @CsvSource({"v3, --ranks=1", "v3, --ranks=2 --parallelism.expert_parallel_degree=2", "v3, --ranks=2",
            "v3, --ranks=2 --parallelism.data_parallel_replicate_degree=2", "qwen3, --ranks=1",
            "qwen3, --ranks=2 --parallelism.expert_parallel_degree=2 --runtime.strict=true"})
    void firstLossAndLogitsAreThoseOfTransformers(String name, String overrides) throws IOException {
        ExportedFolder golden = ExportedFolder.of(name);
        List<Arguments.Override> all = new ArrayList<>(
                Arguments.parse(Arrays.asList(overrides.split(" "))).overrides());
        all.addAll(Arguments.of("model.from=" + golden.folder(), "training.seq_len=" + golden.tokens(),
                "moe.load_balance_coeff=0").overrides());
        TrainerConfig plain = new ConfigLoader(registry).load(NamedConfigs.PLAIN, all, ConfigUse.running());
        TrainerConfig config = plain
                .withTraining(plain.training().withLocalBatchSize(golden.sequences() / plain.ranks()));
        RunOptions options = RunOptions.threads(config)
                .withData((rank, read) -> () -> golden.batch(rank, plain.ranks()));
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            double worst = run.session().onRanks(rank -> worstLogit(rank, golden, plain.ranks())).stream()
                    .mapToDouble(Double::doubleValue).max().orElseThrow();
            assertTrue(worst <= LOGITS, () -> "logits differ by " + worst);
            assertEquals(golden.loss(), run.step().loss(), LOSS);
        }
    }

    /** The largest difference of a logit of a rank, relative to the largest logit. */
    static double worstLogit(RankSession rank, ExportedFolder golden, int ranks) {
        Batch batch = golden.batch(rank.context().rank(), ranks);
        int vocabulary = golden.vocabulary();
        try (Memory ids = memory(rank, batch.tokens()); Memory out = memory(rank, (long) batch.tokens() * vocabulary)) {
            Tensor ids_T = Tensor.of(ids, 0, DType.I32, batch.tokens());
            Tensor logits_TV = Tensor.of(out, 0, DType.F32, batch.tokens(), vocabulary);
            rank.context().stream().upload(MemorySegment.ofArray(batch.ids_T()), ids_T);
            try (Scope step = rank.context().memory().openStep()) {
                rank.model().logits(ids_T, logits_TV);
            }
            float[] values = new float[batch.tokens() * vocabulary];
            rank.context().stream().download(logits_TV, MemorySegment.ofArray(values));
            return golden.worstLogit(rank.context().rank(), ranks, values);
        }
    }

    private static Memory memory(RankSession rank, long words) {
        return rank.context().device().allocate(words * Float.BYTES, "comparison");
    }
}
