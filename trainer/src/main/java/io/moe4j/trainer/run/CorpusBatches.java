package io.moe4j.trainer.run;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;
import io.moe4j.data.BatchReader;
import io.moe4j.data.Corpus;
import io.moe4j.data.DataCounts;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.trainer.step.Batch;
import java.util.concurrent.atomic.AtomicInteger;

/** Batches of the data that a configuration names. */
final class CorpusBatches implements BatchSource.Factory {
    private final TrainerConfig config;
    private final Corpus corpus;
    private final Tokenizer tokenizer;
    private final AtomicInteger readers = new AtomicInteger();

    /** Lists the data, and opens the tokenizer, once for all ranks of this process. The last reader that is closed closes the tokenizer. */
    CorpusBatches(TrainerConfig config, Registry registry) {
        this.config = config;
        ConfiguredTokenizer.noteIfAssumed(config, registry);
        tokenizer = ConfiguredTokenizer.open(config, registry);
        corpus = Corpus.open(config.data().path(), config.data().onBadLine());
        corpus.require(tokenizer, config.sequencesPerStep() * (config.training().seqLen() + 1L));
    }

    @Override
    public BatchSource open(int rank, long sequences) {
        TrainingConfig training = config.training();
        BatchReader reader = new BatchReader(corpus, tokenizer,
                new BatchReader.Share(rank, config.ranks(), training.localBatchSize() * config.microbatches(),
                        training.seqLen()),
                training.seed());
        reader.seek(sequences);
        readers.incrementAndGet();
        return new Reading(reader, () -> {
            if (readers.decrementAndGet() == 0) {
                tokenizer.close();
            }
        });
    }

    private record Reading(BatchReader reader, Runnable closed) implements BatchSource {
        @Override
        public Batch next() {
            BatchReader.Batch batch = reader.next();
            return new Batch(batch.ids(), batch.labels());
        }

        @Override
        public DataCounts counts() {
            return reader.counts();
        }

        @Override
        public void close() {
            reader.close();
            closed.run();
        }
    }
}
