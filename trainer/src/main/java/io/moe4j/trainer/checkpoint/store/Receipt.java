package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A process's report of the files of a checkpoint that it wrote.
 *
 * @param host the machine on which the process runs
 * @param digests its file of digests, which names all its other files
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Receipt(String host, StoredFile digests) {

    /** As bytes, to send to the first rank. */
    public byte[] encode() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("host", host);
        json.put("name", digests.name());
        json.put("step", digests.step());
        json.put("ranks", digests.ranks());
        json.put("bytes", digests.bytes());
        json.put("sha256", digests.sha256());
        return JsonMapper.shared().writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
    }

    /** Reads the bytes of {@link #encode}. */
    public static Receipt decode(byte[] bytes) {
        Fields fields = Fields.read("a receipt", bytes);
        return new Receipt(fields.text("host"), new StoredFile(fields.text("name"), Role.PIECES, fields.count("step"),
                fields.ranks(), fields.count("bytes"), fields.text("sha256")));
    }

    List<Integer> ranks() {
        return digests.ranks();
    }
}
