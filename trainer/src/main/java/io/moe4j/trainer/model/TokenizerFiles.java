package io.moe4j.trainer.model;

import io.moe4j.api.host.UnreadableFile;
import io.moe4j.trainer.huggingface.FolderWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The files of a tokenizer that are exported with a model.
 *
 * @param folder the folder that has them; empty if there is none
 * @param files names of the files that exist, from the folder: {@code additional_chat_templates/tool_use.jinja}
 * @param remarks remarks for people
 */
record TokenizerFiles(Optional<Path> folder, List<String> files, List<String> remarks) {
    private static final List<String> NAMES = List.of(FolderSource.TOKENIZER, "tokenizer_config.json",
            "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "vocab.txt", "tokenizer.model",
            "sentencepiece.bpe.model", "spiece.model", "tekken.json", "chat_template.jinja", "chat_template.json");
    /** Folders with further chat templates, such as the one for conversations with tools. */
    private static final List<String> TEMPLATES = List.of(ExportedTemplate.MORE, "chat_templates");
    private static final String TEMPLATE_ENDING = ".jinja";

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
                    : none("the tokenizer " + file + " is not copied: its file is not named "
                            + FolderSource.TOKENIZER);
        }
        if (used.isPresent() && Files.isDirectory(used.get())) {
            return in(used.get());
        }
        if (used.isPresent()) {
            return none("the tokenizer of the run is not there any more: " + used.get());
        }
        return folder.filter(Files::isDirectory).map(TokenizerFiles::in).orElseGet(TokenizerFiles::none);
    }

    /** Without files of these names. */
    TokenizerFiles without(Set<String> names) {
        return new TokenizerFiles(folder, files.stream().filter(file -> !names.contains(file)).toList(), remarks);
    }

    /** Copies them. */
    void copy(FolderWriter writer) throws IOException {
        for (String file : files) {
            writer.copy(folder.orElseThrow().resolve(file), file);
        }
    }

    private static TokenizerFiles none(String... remarks) {
        return new TokenizerFiles(Optional.empty(), List.of(), List.of(remarks));
    }

    private static TokenizerFiles in(Path folder) {
        List<String> files = new ArrayList<>();
        NAMES.stream().filter(name -> Files.isRegularFile(folder.resolve(name))).forEach(files::add);
        TEMPLATES.forEach(more -> templates(folder.resolve(more)).forEach(name -> files.add(more + "/" + name)));
        return new TokenizerFiles(Optional.of(folder), files, List.of());
    }

    /** Names of the chat templates in a folder; none if there is no such folder. */
    private static List<String> templates(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(Files::isRegularFile).map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(TEMPLATE_ENDING)).sorted().toList();
        } catch (IOException e) {
            throw UnreadableFile.because(folder, e);
        }
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
