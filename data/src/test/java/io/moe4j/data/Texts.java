package io.moe4j.data;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Documents as text, and archives, for tests. */
final class Texts {

    private Texts() {}

    /** All documents of a file or folder. */
    static List<String> of(Path path) {
        return of(path, new Reading(BadLines.FAIL, false));
    }

    /** All documents of a file or folder. */
    static List<String> of(Path path, Reading reading) {
        List<String> texts = new ArrayList<>();
        for (Source source : Corpus.open(Optional.of(path)).sources()) {
            try (Documents documents = source.open(reading)) {
                for (var next = documents.next(); next.isPresent(); next = documents.next()) {
                    texts.add(new String(next.get().readAllBytes(), StandardCharsets.UTF_8));
                }
            } catch (IOException e) {
                throw Source.unreadable(source.name(), e);
            }
        }
        return texts;
    }

    /** An archive with these entries, in order. */
    static Path zip(Path file, Map<String, byte[]> entries) throws IOException {
        try (OutputStream out = Files.newOutputStream(file); ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return file;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
