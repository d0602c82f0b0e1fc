package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.data.DataPosition;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * The progress of a run when it was saved.
 *
 * @param step optimizer steps done
 * @param sequences number of sequences that all ranks together have read; the data continues after them
 * @param seed the seed of the order of the data
 * @param ranks number of ranks of the world that wrote the checkpoint
 * @param data the data that the run read; checkpoints of 0.1 do not have it
 * @param model the model that the run trained; checkpoints before 0.3 do not have it
 * @param position where each source of the data continues; absent in checkpoints of 0.1 and 0.2, and in those of a run whose program supplies the data
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Progress(long step, long sequences, long seed, int ranks, Optional<Data> data,
        Optional<StoredModel> model, Optional<DataPosition> position) {
    static final String FILE = "progress.json";

    /**
     * The data of a run.
     *
     * @param sequenceTokens tokens of a sequence
     * @param localBatchSize sequences of a rank in a step, all microbatches together
     * @param path where the data lies; empty for the packaged sources
     */
    public record Data(int sequenceTokens, int localBatchSize, String path) {}

    /** Progress without a model and without a position of the data. */
    public Progress(long step, long sequences, long seed, int ranks, Optional<Data> data) {
        this(step, sequences, seed, ranks, data, Optional.empty(), Optional.empty());
    }

    byte[] encode() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("step", step);
        json.put("sequences", sequences);
        json.put("seed", seed);
        json.put("ranks", ranks);
        data.ifPresent(read -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("sequence_tokens", read.sequenceTokens);
            fields.put("local_batch_size", read.localBatchSize);
            fields.put("path", read.path);
            json.put("data", fields);
        });
        model.ifPresent(trained -> json.put("model", trained.json()));
        position.ifPresent(at -> json.put("position", PositionJson.encode(at)));
        return (JsonMapper.shared().writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static Progress decode(byte[] json) {
        Fields fields = Fields.read(FILE, json);
        int ranks = fields.smallCount("ranks");
        if (ranks == 0) {
            throw new DamageException(FILE + ": at least 1 was expected as \"ranks\", and 0 was found");
        }
        return new Progress(fields.count("step"), fields.count("sequences"), fields.whole("seed"), ranks,
                fields.object("data").map(data -> new Data(Math.max(1, data.smallCount("sequence_tokens")),
                        data.smallCount("local_batch_size"), data.text("path"))),
                fields.object("model").map(StoredModel::decode),
                fields.object("position").map(PositionJson::decode));
    }
}
