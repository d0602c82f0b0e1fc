package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.LoneSurrogates;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.EncodedText;
import io.moe4j.data.Tokenizers;
import io.moe4j.trainer.model.CheckpointSource;
import io.moe4j.trainer.model.FolderSource;
import io.moe4j.trainer.model.LoraSource;
import io.moe4j.trainer.model.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns texts into the ids of a model, and ids into texts.
 *
 * <p>A prompt for a folder in Hugging Face's layout begins with the tokens that its tokenizer puts before every text, if it does so, such as
 * {@code <|begin_of_sentence|>}, as transformers has it; its answers end with the tokens that {@code generation_config.json} or {@code config.json} calls
 * {@code eos_token_id}. A prompt for a checkpoint has no such beginning, because its training data had none; its answers end with the token that ended
 * documents.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ModelText implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final String start;
    /** The ids of {@code start}. */
    private final List<Integer> startIds;
    private final Set<Integer> endTokens;

    private ModelText(Tokenizer tokenizer, String start, Set<Integer> endTokens) {
        this.tokenizer = tokenizer;
        this.start = start;
        startIds = encoded(start);
        this.endTokens = endTokens;
    }

    /**
     * Opens the tokenizer of a model.
     *
     * @param tokenizer an id or a path, instead of the model's own
     * @throws InputException if the model has no tokenizer and none is given, or it cannot be read
     */
    public static ModelText open(ModelSource source, Registry registry, Optional<String> tokenizer) {
        String name = tokenizer.or(source::tokenizer).orElseThrow(() -> new InputException(source.path()
                + " has no tokenizer.json; name a tokenizer (--tokenizer FILE; --tokenizer bytes if the model was trained on"
                + " bytes), or give the ids of the prompt (--prompt-ids)"));
        Tokenizer opened = Tokenizers.open(registry, name);
        try {
            Optional<Path> folder = folder(source);
            if (folder.isPresent()) {
                FolderTokens tokens = FolderTokens.of(folder.get());
                Set<Integer> ends = tokens.endTokens();
                return new ModelText(opened, tokenizer.isPresent() ? "" : tokens.start(),
                        ends.isEmpty() ? Set.of(opened.endToken()) : ends);
            }
            return new ModelText(opened, "", Set.of(opened.endToken()));
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    /**
     * The ids that end an answer to a prompt of ids, where no tokenizer is opened: those that the files of a model's folder name, or none.
     *
     * @throws InputException if they name something that is not an id
     */
    public static Set<Integer> endTokensOf(ModelSource source) {
        return folder(source).map(folder -> FolderTokens.of(folder).endTokens()).orElse(Set.of());
    }

    private static Optional<Path> folder(ModelSource source) {
        return switch (source) {
            case FolderSource given -> Optional.of(given.path());
            case LoraSource updates -> updates.tokenizerFolder();
            case CheckpointSource checkpoint -> Optional.empty();
        };
    }

    /**
     * The ids of a prompt. The tokens that come before every text are added, unless the prompt is written with them. An empty prompt becomes the token that
     * ends a document, after which another document begins.
     */
    public List<Integer> ids(String prompt) {
        // The text is encoded separately from the tokens before it. Encoded together, it would lose the space that Metaspace puts before the first word, or
        // the spaces that a token with rstrip consumes.
        List<Integer> ids = new ArrayList<>(prompt.startsWith(start) ? List.of() : startIds);
        ids.addAll(encoded(prompt));
        return ids.isEmpty() ? List.of(tokenizer.endToken()) : List.copyOf(ids);
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The ids of a text as it stands, without any before it. */
    List<Integer> encoded(String text) {
        try {
            return Arrays.stream(EncodedText.ids(tokenizer, LoneSurrogates.replaced(text))).boxed().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The ids that end an answer. */
    public Set<Integer> endTokens() {
        return endTokens;
    }

    /** Turns the ids of one answer into text. */
    public AnswerText answer() {
        return new AnswerText(tokenizer.decoder(), tokenizer.vocabulary(), id -> false);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
