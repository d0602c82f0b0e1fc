package io.moe4j.trainer.run;

import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.DataCounts;
import io.moe4j.data.DataOptions;
import io.moe4j.data.DataPosition;
import io.moe4j.data.DataSource;
import io.moe4j.data.MixedSequences;
import io.moe4j.data.SequenceBatch;
import io.moe4j.data.SourceProgress;
import io.moe4j.data.StepBatches;
import io.moe4j.data.TrainingData;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Batch;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives the batches of the data that a configuration names. All ranks of this process share one reader. */
final class CorpusBatches implements BatchSource.Factory {
    private static final Logger log = LoggerFactory.getLogger(CorpusBatches.class);

    private final TrainerConfig config;
    private final Set<Integer> localRanks;
    private final List<DataSource> sources;
    private final DataOptions options;
    private final Tokenizer tokenizer;
    private final AtomicInteger open = new AtomicInteger();
    private @Nullable StepBatches batches;

    /** Checks the data, and opens the tokenizer. The last source to be closed closes the tokenizer. */
    CorpusBatches(TrainerConfig config, Registry registry, List<Integer> localRanks) {
        this.config = config;
        this.localRanks = Set.copyOf(localRanks);
        sources = ConfiguredData.sources(config.data());
        options = ConfiguredData.options(config, registry);
        ConfiguredTokenizer.noteIfAssumed(config, registry);
        tokenizer = ConfiguredTokenizer.open(config, registry);
        try {
            TrainingData.require(sources, options, tokenizer,
                    config.sequencesPerStep() * (config.training().seqLen() + 1L));
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    @Override
    public BatchSource open(int rank, long sequences) {
        return open(rank, sequences, Optional.empty());
    }

    @Override
    public synchronized BatchSource open(int rank, long sequences, Optional<DataPosition> position) {
        StepBatches shared = batches;
        if (shared == null) {
            shared = new StepBatches(mixed(sequences, position),
                    new StepBatches.Layout(config.ranks(), localRanks,
                            config.training().localBatchSize() * config.microbatches()),
                    ConfiguredData.packing(config.data()), StepBatches.Ending.FAILS);
            batches = shared;
        }
        open.incrementAndGet();
        return new RankBatches(rank, shared, this::closed);
    }

    private MixedSequences mixed(long sequences, Optional<DataPosition> position) {
        MixedSequences mixed = TrainingData.training(sources, options, tokenizer, position);
        if (position.isEmpty() && sequences > 0) {
            log.warn(
                    "the checkpoint has no position of the data, as those before version 0.3: {} sequences are read to get"
                            + " there; the next checkpoint has one",
                    sequences);
            try {
                mixed.skip(sequences);
            } catch (RuntimeException e) {
                mixed.close();
                throw e;
            }
        }
        return mixed;
    }

    private synchronized void closed() {
        StepBatches shared = batches;
        if (open.decrementAndGet() == 0 && shared != null) {
            try {
                shared.close();
            } finally {
                tokenizer.close();
            }
        }
    }

    private record RankBatches(int rank, StepBatches shared, Runnable closed) implements BatchSource {
        @Override
        public Batch next() {
            SequenceBatch read = shared.next(rank);
            return new Batch(read.ids_T(), read.labels_T(), read.starts_T());
        }

        @Override
        public DataCounts counts() {
            return shared.current().counts();
        }

        @Override
        public Optional<DataPosition> position() {
            return Optional.of(shared.current().position());
        }

        @Override
        public List<SourceProgress> progress() {
            return shared.current().progress();
        }

        @Override
        public void close() {
            closed.run();
        }
    }
}
