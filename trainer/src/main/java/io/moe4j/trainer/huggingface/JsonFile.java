package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Reads a file that has one JSON object. */
final class JsonFile {
    /** The largest size of a file in bytes; the index of 100,000 tensors has about 10 million. */
    private static final long LARGEST = 1L << 28;

    /** What to do where a model folder has no such file. */
    static final String GIVE_A_MODEL = "give the folder of a model in Hugging Face's layout";

    private JsonFile() {}

    /**
     * Reads the object.
     *
     * @throws InputException if the file cannot be read, is no JSON object, or has a key twice
     */
    static Map<String, Object> read(Path file) {
        return read(file, GIVE_A_MODEL);
    }

    /**
     * Reads the object.
     *
     * @param remedy what to do where there is no such file, for the message
     * @throws InputException as {@link #read(Path)} does
     */
    static Map<String, Object> read(Path file, String remedy) {
        if (!Files.isRegularFile(file)) {
            UnreadableFile.requireReachable(file);
            throw new InputException(
                    Shown.of(file) + (Files.exists(file) ? " is no file" : " does not exist") + "; " + remedy);
        }
        try {
            long size = Files.size(file);
            if (size > LARGEST) {
                throw new InputException(Shown.of(file) + " has " + size + " bytes; at most " + LARGEST + " are read");
            }
            Map<String, Object> values = JsonMapper.shared().readerFor(new TypeReference<Map<String, Object>>() {})
                    .with(StreamReadFeature.STRICT_DUPLICATE_DETECTION).readValue(Files.readAllBytes(file));
            if (values == null) {
                throw new InputException(Shown.of(file) + " is no JSON object but null; take the published file");
            }
            return values;
        } catch (JacksonException e) {
            throw new InputException(Shown.of(file) + " is no JSON object: "
                    + Shown.parserMessage(e.getOriginalMessage()) + "; take the published file", e);
        } catch (IOException e) {
            throw UnreadableFile.because(file, e);
        }
    }
}
