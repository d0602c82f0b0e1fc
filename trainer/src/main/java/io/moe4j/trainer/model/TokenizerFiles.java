package io.moe4j.trainer.model;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The files of a tokenizer that are exported with a model.
 *
 * @param files the files that exist
 * @param remarks remarks for people
 */
record TokenizerFiles(List<Path> files, List<String> remarks) {
    private static final List<String> NAMES = List.of(FolderSource.TOKENIZER, "tokenizer_config.json",
            "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
            "chat_template.jinja", "chat_template.json");

    TokenizerFiles {
        files = List.copyOf(files);
        remarks = List.copyOf(remarks);
    }

    /**
     * Finds the files: the tokenizer that the run used, with the files beside it, or those of the folder that training started from.
     *
     * @param tokenizer the tokenizer of the run: an id, or a path
     * @param folder the model's original folder, if there is one
     */
    static TokenizerFiles of(Optional<String> tokenizer, Optional<Path> folder) {
        Optional<Path> used = tokenizer.flatMap(TokenizerFiles::path);
        if (used.isPresent() && Files.isRegularFile(used.get())) {
            Path file = used.get();
            Path parent = file.toAbsolutePath().getParent();
            return file.endsWith(FolderSource.TOKENIZER) && parent != null ? in(parent)
                    : new TokenizerFiles(List.of(), List.of("the tokenizer " + file + " is not copied: its file is not"
                            + " named " + FolderSource.TOKENIZER));
        }
        if (used.isPresent() && Files.isDirectory(used.get())) {
            return in(used.get());
        }
        if (used.isPresent()) {
            return new TokenizerFiles(List.of(),
                    List.of("the tokenizer of the run is not there any more: " + used.get()));
        }
        return folder.filter(Files::isDirectory).map(TokenizerFiles::in)
                .orElseGet(() -> new TokenizerFiles(List.of(), List.of()));
    }

    /** Without files of these names. */
    TokenizerFiles without(Set<String> names) {
        return new TokenizerFiles(
                files.stream().filter(file -> !names.contains(String.valueOf(file.getFileName()))).toList(), remarks);
    }

    private static TokenizerFiles in(Path folder) {
        List<Path> files = new ArrayList<>();
        NAMES.stream().map(folder::resolve).filter(Files::isRegularFile).forEach(files::add);
        return new TokenizerFiles(files, List.of());
    }

    /** Whether this is an id, such as {@code bytes}: ids have no folder and no ending. */
    private static Optional<Path> path(String tokenizer) {
        try {
            return tokenizer.matches("[a-z0-9_-]+") && !Files.exists(Path.of(tokenizer)) ? Optional.empty()
                    : Optional.of(Path.of(tokenizer));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
