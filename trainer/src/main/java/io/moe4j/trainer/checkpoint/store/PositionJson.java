package io.moe4j.trainer.checkpoint.store;

import io.moe4j.data.DataPosition;
import io.moe4j.data.SourcePosition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The position of the data as JSON. Only the module {@code io.moe4j.data} knows what the values of a source mean, and checks them. */
final class PositionJson {
    private static final int VERSION = 1;
    /** The most values of a source: more than any run has, and few enough that a damaged file cannot fill the memory. */
    private static final int MOST_VALUES = 1000;

    private PositionJson() {}

    static Map<String, Object> encode(DataPosition position) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", VERSION);
        json.put("sequence_tokens", position.sequenceTokens());
        json.put("sources", position.sources().stream().map(PositionJson::part).toList());
        return json;
    }

    static DataPosition decode(Fields fields) {
        int version = fields.smallCount("version");
        if (version != VERSION) {
            throw new DamageException(fields.file() + ": the position of the data has the version " + version
                    + ", and this version of moe4j reads " + VERSION
                    + "; continue with the version that wrote it, or with a newer one");
        }
        List<Fields> sources = fields.objects("sources");
        if (sources.isEmpty()) {
            throw new DamageException(fields.file() + ": the position of the data has no source");
        }
        return new DataPosition(Math.max(1, fields.smallCount("sequence_tokens")),
                sources.stream().map(PositionJson::part).toList());
    }

    private static Map<String, Object> part(DataPosition.Part part) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", part.position().source());
        json.put("kind", part.position().kind());
        json.put("weight", part.weight());
        json.put("taken", part.taken());
        json.put("used_up", part.usedUp());
        json.put("values", new TreeMap<>(part.position().values()));
        return json;
    }

    private static DataPosition.Part part(Fields fields) {
        Map<String, String> values = new TreeMap<>();
        Fields found = fields.object("values")
                .orElseThrow(() -> new DamageException(fields.file() + ": a source of the data has no values"));
        for (String key : found.names()) {
            values.put(key, found.text(key));
        }
        if (values.size() > MOST_VALUES) {
            throw new DamageException(
                    fields.file() + ": a source of the data has " + values.size() + " values, and at most "
                            + MOST_VALUES + " are expected");
        }
        return new DataPosition.Part(new SourcePosition(fields.text("name"), fields.text("kind"), values),
                fields.positive("weight"), fields.count("taken"), fields.flag("used_up"));
    }
}
