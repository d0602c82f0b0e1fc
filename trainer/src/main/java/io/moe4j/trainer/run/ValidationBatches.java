package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.data.DataCounts;
import io.moe4j.data.DataOptions;
import io.moe4j.data.DataSource;
import io.moe4j.data.SequenceBatch;
import io.moe4j.data.StepBatches;
import io.moe4j.data.TrainingData;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Batch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The data that a configuration names for validation: each time from the beginning, each document once, in the order of files. The n-th opening of each local
 * rank belongs to the n-th validation; one reader serves them all. Thread-safe.
 */
final class ValidationBatches implements BatchSource.Factory, AutoCloseable {
    private final TrainerConfig config;
    private final Set<Integer> localRanks;
    private final List<DataSource> sources;
    private final DataOptions options;
    private final CountedTokenizer tokenizer;
    private final Map<Integer, Integer> openings = new HashMap<>();
    private final Map<Integer, Pass> passes = new HashMap<>();
    private DataCounts counts = DataCounts.NONE;

    private ValidationBatches(TrainerConfig config, Registry registry, List<Integer> localRanks,
            List<DataSource> sources) {
        this.config = config;
        this.localRanks = Set.copyOf(localRanks);
        this.sources = sources;
        options = ConfiguredData.validationOptions(config, registry);
        tokenizer = new CountedTokenizer(ConfiguredTokenizer.open(config, registry));
    }

    /** One validation, and how many ranks have closed it. */
    private static final class Pass {
        private final StepBatches batches;
        private int closed;

        private Pass(StepBatches batches) {
            this.batches = batches;
        }
    }

    /** The validation data of the configuration; empty if it names none or does not validate. */
    static Optional<ValidationBatches> of(TrainerConfig config, Registry registry, List<Integer> localRanks) {
        return config.validation().interval() == 0 ? Optional.empty()
                : ConfiguredData.validation(config)
                        .map(sources -> new ValidationBatches(config, registry, localRanks, sources));
    }

    /**
     * The validation data of the configuration, whether it validates or not.
     *
     * @throws InputException if it names no data
     */
    static ValidationBatches require(TrainerConfig config, Registry registry, List<Integer> localRanks) {
        return new ValidationBatches(config, registry, localRanks, ConfiguredData.validation(config)
                .orElseThrow(() -> new InputException("there is nothing to evaluate on; set validation.path")));
    }

    /** What was read so far by all validations together. */
    CountedTokenizer texts() {
        return tokenizer;
    }

    /** The counts of documents, bad lines and so on of the newest validation that has ended. */
    synchronized DataCounts counts() {
        return counts;
    }

    @Override
    public BatchSource open(int rank, long sequences) {
        int number;
        Pass pass;
        synchronized (this) {
            number = openings.merge(rank, 1, Integer::sum);
            pass = passes.computeIfAbsent(number, any -> new Pass(begin(number == 1)));
        }
        return new BatchSource() {
            @Override
            public Batch next() {
                return poll().orElseThrow(() -> new InputException("the data of validation has ended"));
            }

            @Override
            public Optional<Batch> poll() {
                return pass.batches.poll(rank).map(ValidationBatches::batch);
            }

            @Override
            public void close() {
                end(number);
            }
        };
    }

    /** Closes all validations, and the tokenizer. */
    @Override
    public synchronized void close() {
        try {
            passes.values().forEach(pass -> pass.batches.close());
            passes.clear();
        } finally {
            tokenizer.close();
        }
    }

    /** Begins a validation. Bad lines are told in the first one; not those of training data, of which training tells. */
    private StepBatches begin(boolean first) {
        boolean ofTraining = config.validation().path().isEmpty();
        return new StepBatches(
                TrainingData.once(sources, options, tokenizer, ofTraining, first && !ofTraining),
                new StepBatches.Layout(config.ranks(), localRanks,
                        config.training().localBatchSize() * config.microbatches()),
                ConfiguredData.packing(config.data()), StepBatches.Ending.IS_FILLED);
    }

    private synchronized void end(int number) {
        Pass pass = passes.get(number);
        if (pass != null && ++pass.closed == localRanks.size()) {
            passes.remove(number);
            counts = pass.batches.current().counts();
            pass.batches.close();
        }
    }

    private static Batch batch(SequenceBatch read) {
        return new Batch(read.ids_T(), read.labels_T(), read.starts_T());
    }
}
