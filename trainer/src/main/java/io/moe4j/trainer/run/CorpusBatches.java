package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;
import io.moe4j.data.BatchReader;
import io.moe4j.data.Corpus;
import io.moe4j.data.DataCounts;
import io.moe4j.data.Tokenizer;
import io.moe4j.data.Tokenizers;
import io.moe4j.trainer.step.Batch;

/** Batches of the data that a configuration names. */
final class CorpusBatches implements BatchSource.Factory {
    private final TrainerConfig config;
    private final Corpus corpus;
    private final Tokenizer tokenizer;

    /** Lists the data, once for all ranks of this process. */
    CorpusBatches(TrainerConfig config) {
        this.config = config;
        tokenizer = Tokenizers.of(config.data().tokenizer()).orElseThrow(() -> new InputException(
                "there is no tokenizer \"" + config.data().tokenizer() + "\"; known are " + Tokenizers.names()));
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
        return new Reading(reader);
    }

    private record Reading(BatchReader reader) implements BatchSource {
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
        }
    }
}
