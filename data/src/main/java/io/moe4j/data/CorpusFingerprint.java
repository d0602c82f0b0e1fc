package io.moe4j.data;

import io.moe4j.api.Shown;
import io.moe4j.api.host.Sha256;
import io.moe4j.api.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Identifies a corpus, to find out whether it is the one in which a position was taken: names and sizes of files, how they are read, and their contents.
 * Modification times are separate, because a copy has other ones.
 *
 * @param files number of files
 * @param bytes size of all files together, as they are stored
 * @param digest digest of names, sizes, and the options that decide which documents are read
 * @param times digest of the modification times
 * @param contents digest of the contents, as far as {@link CorpusPart} reads them; absent until it is asked for, because computing it reads up to 64 MiB
 */
record CorpusFingerprint(long files, long bytes, String digest, String times, Optional<String> contents) {
    /** The name of the contents' digest in a position. Those of earlier builds have none, and are compared without. */
    private static final String CONTENTS = "contents";

    static CorpusFingerprint of(Corpus corpus, Tokenizer tokenizer, DocumentSplit split) {
        MessageDigest digest = Sha256.begin();
        MessageDigest times = Sha256.begin();
        CorpusOptions options = corpus.options();
        add(digest, options.textField() + "\n" + options.promptField().orElse("") + "\n" + split.fraction() + "\n"
                + options.badLines() + "\n" + tokenizer.identity());
        options.conversations().ifPresent(
                form -> add(digest, "conversations in " + form.field() + "\n" + form.identity()));
        long bytes = 0;
        for (CorpusFile file : corpus.files()) {
            long size = file.content() instanceof FileContent content ? content.bytes() : 0;
            add(digest, relativeName(corpus, file) + "\n" + size);
            add(times, file.content() instanceof FileContent content ? String.valueOf(content.changedMillis()) : "");
            bytes += size;
        }
        return new CorpusFingerprint(corpus.files().size(), bytes, hex(digest), hex(times), Optional.empty());
    }

    /** With a digest of the contents, which is needed to take or compare positions. */
    CorpusFingerprint withContents(Corpus corpus) {
        MessageDigest read = Sha256.begin();
        CorpusPart.of(corpus).forEach(part -> add(read, part.digest()));
        return new CorpusFingerprint(files, bytes, digest, times, Optional.of(hex(read)));
    }

    Map<String, String> values() {
        Map<String, String> values = new HashMap<>(Map.of("files", String.valueOf(files), "bytes",
                String.valueOf(bytes), "digest", digest, "times", times));
        contents.ifPresent(value -> values.put(CONTENTS, value));
        return values;
    }

    /** What has changed since a position was taken; empty if nothing has. */
    Optional<String> changedSince(SourcePosition position) {
        if (digest.equals(position.text("digest"))) {
            Optional<String> before = Optional.ofNullable(position.values().get(CONTENTS));
            return before.isEmpty() || contents.isEmpty() || before.equals(contents) ? Optional.empty()
                    : Optional.of("names and sizes of its " + Shown.count(files, "file")
                            + " are the same, and what is in them is not");
        }
        boolean same = position.text("files").equals(String.valueOf(files))
                && position.text("bytes").equals(String.valueOf(bytes));
        return Optional.of(same
                ? "names or sizes of its " + Shown.count(files, "file")
                        + ", data.tokenizer, data.text_field, data.prompt_field,"
                        + " data.messages_field, the chat template, data.on_bad_line or validation.split"
                : "it had " + Shown.of(position.text("files")) + " files of " + Shown.of(position.text("bytes"))
                        + " bytes, and has " + files + " of " + bytes);
    }

    /** Whether files were written again since a position was taken, perhaps with the same content. */
    boolean wasWrittenAgainSince(SourcePosition position) {
        return !times.equals(position.text("times"));
    }

    private static String relativeName(Corpus corpus, CorpusFile file) {
        return corpus.root()
                .map(root -> root.toAbsolutePath().relativize(Path.of(file.name()).toAbsolutePath()).toString()
                        .replace('\\', '/'))
                .orElse("");
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
    }

    private static String hex(MessageDigest digest) {
        return Sha256.hex(digest).substring(0, 32);
    }
}
