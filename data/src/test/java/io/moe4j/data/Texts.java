package io.moe4j.data;

import io.moe4j.api.text.DocumentReader;
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
        return of(path, new Reading(CorpusOptions.DEFAULT, false));
    }

    /** All documents of a file or folder. */
    static List<String> of(Path path, Reading reading) {
        List<String> texts = new ArrayList<>();
        for (CorpusFile file : Corpus.open(Optional.of(path), reading.options()).files()) {
            try (DocumentReader documents = file.open(reading)) {
                for (var next = documents.next(); next.isPresent(); next = documents.next()) {
                    reading.document();
                    texts.add(new String(next.get().text().readAllBytes(), StandardCharsets.UTF_8));
                }
            } catch (IOException e) {
                throw CorpusFile.unreadable(file.name(), e);
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
