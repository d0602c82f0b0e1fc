package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Tokenizes a corpus into a folder; see {@link TokenFolder}. The files depend on the corpus, the tokenizer and the options, and not on the number of
 * threads. Each finished shard has a receipt, from which interrupted work continues; the folder is whole when it has its manifest.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Tokenization {
    private static final String LOCK = ".lock";
    private static final String PART = ".part";

    private final Corpus corpus;
    private final Tokenizer tokenizer;
    private final Options options;
    private final Path folder;
    private final Progress progress;
    private final String plan;
    /** The plan as earlier builds wrote it, without the digest of contents. */
    private final String earlierPlan;

    /**
     * How a corpus is tokenized.
     *
     * @param tokenizerName the provider's id, for a tokenizer that is not read from files
     * @param split which documents are tokenized
     * @param shardTokens a shard ends with the first portion of documents that brings it to this size
     * @param threads number of threads that tokenize
     */
    public record Options(String tokenizerName, DocumentSplit split, long shardTokens, int threads) {
        public Options {
            if (shardTokens < 1 || threads < 1) {
                throw new IllegalArgumentException(shardTokens + " tokens in a shard, " + threads
                        + " threads: at least one of each is needed");
            }
        }
    }

    /** Receives the progress of the work. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Called after more tokens were written.
         *
         * @param bytes bytes of the files, as they are stored, that were read
         * @param allBytes bytes of all files
         * @param tokens number of tokens written, those of earlier runs included
         */
        void at(long bytes, long allBytes, long tokens);
    }

    private Tokenization(Corpus corpus, Tokenizer tokenizer, Options options, Path folder, Progress progress) {
        this.corpus = corpus;
        this.tokenizer = tokenizer;
        this.options = options;
        this.folder = folder;
        this.progress = progress;
        CorpusFingerprint source = CorpusFingerprint.of(corpus, tokenizer, options.split()).withContents(corpus);
        earlierPlan = "version " + (marked() ? TokenManifest.CONVERSATIONS : TokenManifest.VERSION) + ", tokenizer "
                + tokenizer.identity() + ", source "
                + source.digest()
                + (options.split().forValidation() ? " for validation" : "") + ", shards of " + options.shardTokens()
                + " tokens";
        plan = earlierPlan + ", contents " + source.contents().orElseThrow();
    }

    /**
     * Tokenizes, or continues interrupted work. Does nothing if the folder is whole already.
     *
     * @param folder a folder that does not exist, is empty, or was begun by an earlier run with the same corpus, tokenizer and options
     * @return the folder's manifest
     * @throws InputException if the folder has other content, or a file cannot be read or written
     */
    public static TokenManifest run(Corpus corpus, Tokenizer tokenizer, Options options, Path folder,
            Progress progress) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new InputException(folder + " is a file, and tokens are several files; give a new folder");
        }
        try {
            Files.createDirectories(folder);
            try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
                    FileLock lock = lock(channel, folder)) {
                if (!lock.isValid()) {
                    throw refusal(folder);
                }
                return new Tokenization(corpus, tokenizer, options, folder, progress).run();
            }
        } catch (IOException e) {
            throw new InputException(
                    folder + " cannot be written (" + Shown.fileProblem(e) + "); make room, or give another folder", e);
        }
    }

    private static FileLock lock(FileChannel channel, Path folder) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw refusal(folder);
            }
            return lock;
        } catch (OverlappingFileLockException e) {
            throw refusal(folder);
        }
    }

    private static InputException refusal(Path folder) {
        return new InputException(
                "another process is tokenizing into " + folder + "; wait for its end, or give another folder");
    }

    private TokenManifest run() throws IOException {
        if (TokenFolder.isIn(folder)) {
            TokenManifest found = TokenManifest.read(folder);
            requireSame(found.plan());
            return found;
        }
        List<ShardReceipt> receipts = receipts();
        requireOnlyOurs(receipts);
        TokenizePlace place = receipts.isEmpty() ? TokenizePlace.BEGINNING : receipts.getLast().after();
        String name = keepTokenizer();
        try (TokenizingPool pool = new TokenizingPool(tokenizer, options.threads());
                RawDocuments documents = new RawDocuments(corpus, options.split(), place)) {
            DataCounts counts = new ShardLoop(documents, pool, tokenizer, receipts).run();
            List<ShardInfo> shards = receipts.stream().map(ShardReceipt::shard).toList();
            TokenManifest manifest = new TokenManifest(tokenizer.identity(), name, tokenizer.vocabulary(),
                    tokenizer.endToken(), plan, marked(),
                    shards.stream().mapToLong(ShardInfo::tokens).sum(), counts, shards);
            manifest.write(folder);
            return manifest;
        }
    }

    /** The receipts of the whole shards up to the first that is not whole; later ones are removed. */
    private List<ShardReceipt> receipts() throws IOException {
        List<ShardReceipt> receipts = new ArrayList<>();
        while (true) {
            Optional<ShardReceipt> receipt = ShardReceipt.read(folder, TokenManifest.shardName(receipts.size()));
            if (receipt.isEmpty()) {
                return receipts;
            }
            requireSame(receipt.get().plan());
            ShardInfo shard = receipt.get().shard();
            long tokenBytes = shard.tokens() * TokenManifest.tokenBytes(tokenizer.vocabulary());
            long documentBytes = shard.documents() * TokenFolder.DOCUMENT_BYTES;
            long learnedBytes = marked() ? TokenFolder.learnedBytes(shard) : 0;
            if (!has(shard, TokenFolder.TOKENS, tokenBytes) || !has(shard, TokenFolder.DOCUMENTS, documentBytes)
                    || (marked() && !has(shard, TokenFolder.LEARNED, learnedBytes))
                    || !has(shard, TokenFolder.SUMS, ShardFile.sumBytes(tokenBytes)
                            + ShardFile.sumBytes(documentBytes) + ShardFile.sumBytes(learnedBytes))) {
                for (int i = receipts.size(); Files
                        .deleteIfExists(ShardReceipt.path(folder, TokenManifest.shardName(i))); i++) {
                    // The next one.
                }
                return receipts;
            }
            receipts.add(receipt.get());
        }
    }

    /** Whether documents are conversations, whose tokens are marked. */
    private boolean marked() {
        return corpus.options().conversations().isPresent();
    }

    private boolean has(ShardInfo shard, String end, long bytes) throws IOException {
        Path file = folder.resolve(shard.name() + end);
        return Files.isRegularFile(file) && Files.size(file) == bytes;
    }

    private void requireSame(String found) {
        if (!found.equals(plan) && !found.equals(earlierPlan)) {
            throw new InputException(folder + " has other tokens than those that are asked for: they differ "
                    + PlanDifference.of(found, plan) + "; give another folder, or remove this one");
        }
    }

    /** Removes unfinished files of an earlier run; throws if there is a file that moe4j did not write. */
    private void requireOnlyOurs(List<ShardReceipt> receipts) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.matches("(shard-\\d+|tokens)\\.[a-z]+\\.part")) {
                    Files.delete(file);
                } else if (!name.equals(LOCK) && !name.equals("tokenizer")
                        && !name.matches("shard-\\d+\\.(tokens|documents|learned|sums|properties)")) {
                    throw new InputException(
                            folder + " has " + name + ", which moe4j tokenize did not write; give an empty folder");
                } else if (receipts.isEmpty() && name.startsWith("shard-")) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Copies the tokenizer's files, and the chat templates that were used, into the folder. */
    private String keepTokenizer() throws IOException {
        List<Path> files = tokenizer.files();
        if (files.isEmpty()) {
            return options.tokenizerName();
        }
        Path kept = Files.createDirectories(folder.resolve("tokenizer"));
        for (Path file : files) {
            Path part = kept.resolve(file.getFileName() + PART);
            Files.copy(file, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, kept.resolve(String.valueOf(file.getFileName())), StandardCopyOption.ATOMIC_MOVE);
        }
        Map<String, String> templates = corpus.options().conversations().map(Conversations::templates)
                .orElse(Map.of());
        for (Map.Entry<String, String> template : templates.entrySet()) {
            Path whole = kept.resolve(template.getKey());
            Files.createDirectories(whole.getParent());
            Path part = whole.resolveSibling(whole.getFileName() + PART);
            Files.writeString(part, template.getValue());
            Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
        }
        return "tokenizer/" + files.getFirst().getFileName();
    }

    /** Reads documents, passes them to the pool, and writes the tokens in order. */
    private final class ShardLoop {
        private final RawDocuments documents;
        private final TokenizingPool pool;
        private final Tokenizer tokenizer;
        private final List<ShardReceipt> receipts;
        private final long allBytes = RawDocuments.bytes(corpus);
        private long tokens;
        private long empty;
        private ShardWriter shard;

        private ShardLoop(RawDocuments documents, TokenizingPool pool, Tokenizer tokenizer,
                List<ShardReceipt> receipts) {
            this.documents = documents;
            this.pool = pool;
            this.tokenizer = tokenizer;
            this.receipts = receipts;
            tokens = receipts.stream().mapToLong(receipt -> receipt.shard().tokens()).sum();
            shard = open();
        }

        private DataCounts run() throws IOException {
            try {
                // Report the starting point, so that the listener can measure the rate.
                progress.at(documents.bytesRead(), allBytes, tokens);
                while (true) {
                    Optional<RawDocuments.Portion> portion = documents.next();
                    while (pool.isFull() || (!pool.isEmpty() && (portion.isEmpty() || portion.get().isLong()))) {
                        write(pool.take());
                    }
                    if (portion.isEmpty()) {
                        break;
                    }
                    if (portion.get().isLong()) {
                        writeLong(portion.get().documents().getFirst());
                    } else {
                        pool.submit(portion.get());
                    }
                }
                // Bad lines may follow the last document.
                DataCounts counts = with(documents.place().counts());
                if (shard.tokens() > 0) {
                    finish(documents.place());
                }
                return counts;
            } finally {
                shard.close();
                removeParts();
            }
        }

        private void write(TokenizingPool.Tokenized portion) {
            for (TokenizedDocument document : portion.documents()) {
                if (document.count() == 0) {
                    empty++;
                } else {
                    shard.add(document.ids(), 0, document.count());
                    shard.endDocument(document.promptTokens());
                }
            }
            written(portion.after());
        }

        /** Tokenizes a long document on this thread while it is read. */
        private void writeLong(RawDocuments.Raw document) throws IOException {
            long before = shard.tokens();
            int promptTokens = 0;
            if (document.prompt().isPresent()) {
                TokenizedDocument prompt = TokenizedDocument.of(Optional.empty(), document.prompt().get(), tokenizer,
                        document.where());
                promptTokens = Math.max(0, prompt.count() - 1);
                shard.add(prompt.ids(), 0, promptTokens);
            }
            Tokenizer.Tokens ids = tokenizer.tokens(document.stream());
            int[] some = new int[1 << 14];
            try {
                for (int read = IdReading.some(ids, some, 0, some.length); read >= 0; read = IdReading.some(ids, some,
                        0,
                        some.length)) {
                    TokenizedDocument.check(some, read, tokenizer, document.where());
                    shard.add(some, 0, read);
                    progress.at(documents.bytesRead(), allBytes, tokens + shard.tokens());
                }
            } catch (IOException e) {
                throw CorpusFile.unreadable(document.where(), e);
            }
            if (shard.tokens() == before) {
                empty++;
            } else {
                shard.add(new int[] {tokenizer.endToken()}, 0, 1);
                shard.endDocument(promptTokens);
            }
            written(documents.place());
        }

        private void written(TokenizePlace after) {
            progress.at(documents.bytesRead(), allBytes, tokens + shard.tokens());
            if (shard.tokens() >= options.shardTokens()) {
                finish(after);
                shard = open();
            }
        }

        private void finish(TokenizePlace after) {
            ShardInfo info = shard.finish();
            ShardReceipt receipt = new ShardReceipt(plan, info,
                    new TokenizePlace(after.file(), after.position(), with(after.counts())));
            receipt.write(folder);
            receipts.add(receipt);
            tokens += info.tokens();
        }

        /** Adds the empty documents, which are known only after tokenization. */
        private DataCounts with(DataCounts counts) {
            return counts.plus(new DataCounts(0, empty, 0, 0, 0));
        }

        private ShardWriter open() {
            return new ShardWriter(folder, TokenManifest.shardName(receipts.size()),
                    TokenManifest.tokenBytes(tokenizer.vocabulary()), marked());
        }

        private void removeParts() throws IOException {
            for (String end : List.of(TokenFolder.TOKENS, TokenFolder.DOCUMENTS, TokenFolder.LEARNED,
                    TokenFolder.SUMS)) {
                Files.deleteIfExists(folder.resolve(TokenManifest.shardName(receipts.size()) + end + PART));
            }
        }
    }
}
