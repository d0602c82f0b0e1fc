package io.moe4j.trainer.chat;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file with a chat template. */
final class TemplateFile {
    private static final long LARGEST = 1 << 24;
    private static final String REMEDY = "; give a chat template, a text in Jinja such as chat_template.jinja of a published model";

    private TemplateFile() {}

    /** Its text, of at most 16 MiB. */
    static String read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                UnreadableFile.requireReachable(file);
                throw new InputException(Shown.of(file) + (Files.exists(file) ? " is no file" : " does not exist")
                        + REMEDY);
            }
            if (Files.size(file) > LARGEST) {
                throw new InputException(Shown.of(file) + " has " + Files.size(file) + " bytes, and at most " + LARGEST
                        + " are read" + REMEDY);
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InputException(Shown.of(file) + " is not UTF-8" + REMEDY, e);
        } catch (IOException e) {
            throw UnreadableFile.because(file, e);
        }
    }
}
