package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Shown;
import io.moe4j.api.host.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * The list of a checkpoint's files. It is the last file that is written, and has two lines: a JSON object, and the SHA-256 of that line.
 *
 * @param step the checkpoint's step
 * @param world number of ranks
 * @param files all files but this one
 */
record Manifest(long step, int world, List<StoredFile> files) {
    static final String FILE = "manifest.jsonl";
    /** The version of this layout. Version 1, which has no manifest, is the layout of moe4j 0.1. */
    private static final int FORMAT = 2;

    Manifest {
        files = List.copyOf(files);
    }

    byte[] encode() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("step", step);
        json.put("world", world);
        json.put("files", files.stream().map(Manifest::json).toList());
        String first = JsonMapper.shared().writeValueAsString(json) + "\n";
        String digest = Sha256.of(first.getBytes(StandardCharsets.UTF_8));
        return (first + "{\"sha256\":\"" + digest + "\"}\n").getBytes(StandardCharsets.UTF_8);
    }

    static Manifest decode(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int end = text.indexOf('\n') + 1;
        if (end == 0 || end == text.length()) {
            throw new DamageException(FILE + ": two lines were expected, and it is cut off after " + bytes.length
                    + " bytes");
        }
        String expected = Fields.read(FILE, text.substring(end).getBytes(StandardCharsets.UTF_8)).text("sha256");
        byte[] first = text.substring(0, end).getBytes(StandardCharsets.UTF_8);
        String found = Sha256.of(first);
        // Compared as a whole, so that no byte outside the first line can change either.
        String second = "{\"sha256\":\"" + found + "\"}\n";
        if (!text.substring(end).equals(second)) {
            if (expected.equals(found)) {
                throw new DamageException(FILE + ": its second line was expected to have "
                        + second.getBytes(StandardCharsets.UTF_8).length
                        + " bytes and nothing after it, and what follows the"
                        + " first line has " + (bytes.length - first.length) + " bytes, or other ones");
            }
            throw new DamageException(
                    FILE + ": for its first line the SHA-256 " + Shown.of(expected) + " was expected, and "
                            + found + " found");
        }
        Fields fields = Fields.read(FILE, first);
        if (fields.count("format") != FORMAT) {
            throw new DamageException(FILE + ": format " + FORMAT + " was expected, and " + fields.count("format")
                    + " found: a later version of moe4j has written it");
        }
        return new Manifest(fields.count("step"), fields.smallCount("world"),
                fields.objects("files").stream().map(Manifest::file).toList());
    }

    private static Map<String, Object> json(StoredFile file) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", file.name());
        json.put("role", file.role().text());
        json.put("step", file.step());
        json.put("ranks", file.ranks());
        json.put("bytes", file.bytes());
        json.put("sha256", file.sha256());
        return json;
    }

    private static StoredFile file(Fields fields) {
        return new StoredFile(fields.text("name"), fields.role(), fields.count("step"), fields.ranks(),
                fields.count("bytes"), fields.text("sha256"));
    }
}
