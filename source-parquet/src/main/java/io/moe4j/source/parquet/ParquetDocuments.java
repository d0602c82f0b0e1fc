package io.moe4j.source.parquet;

import dev.hardwood.HardwoodContext;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnProjection;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The rows of a Parquet file. A position is the number of rows before it; these are skipped without decoding. */
final class ParquetDocuments implements DocumentReader {
    private final ReadRequest request;
    private final String name;
    private final HardwoodContext context;
    private final ParquetFileReader file;
    private final RowReader rows;
    private long row;

    private ParquetDocuments(ReadRequest request, HardwoodContext context, ParquetFileReader file, RowReader rows,
            long row) {
        this.request = request;
        this.name = request.input().shownName();
        this.context = context;
        this.file = file;
        this.rows = rows;
        this.row = row;
    }

    @SuppressWarnings("MustBeClosedChecker") // the documents close all of it
    static ParquetDocuments open(ReadRequest request) throws IOException {
        String name = request.input().shownName();
        long first = first(name, request.position());
        InputFile input = InputFile.of(request.input().file());
        HardwoodContext context = HardwoodContext.create(1);
        try {
            ParquetFileReader file = ParquetFileReader.open(input, context);
            try {
                Columns.check(name, request, file);
                long count = file.getFileMetaData().numRows();
                if (first > count) {
                    throw new InputException(name + " has " + count + " rows, and none after " + first
                            + "; it was another file when the checkpoint was written");
                }
                ColumnProjection columns = request.messagesField().isPresent() ? ColumnProjection.all()
                        : request.promptField().isPresent()
                                ? ColumnProjection.columns(request.textField(), request.promptField().get())
                                : ColumnProjection.columns(request.textField());
                ParquetFileReader.RowReaderBuilder rows = file.buildRowReader().projection(columns);
                return new ParquetDocuments(request, context, file,
                        (first == 0 ? rows : rows.skip(first)).build(), first);
            } catch (RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (InputException e) {
            context.close();
            throw e;
        } catch (IOException | RuntimeException e) {
            context.close();
            throw damaged(name, e);
        }
    }

    @Override
    public Optional<Document> next() {
        while (hasNext()) {
            rows.next();
            row++;
            if (request.messagesField().isPresent()) {
                Optional<Document> object = object();
                if (object.isPresent()) {
                    return object;
                }
                continue;
            }
            Optional<byte[]> text = text(request.textField());
            if (text.isEmpty()) {
                continue;
            }
            Document document = Document.of(new ByteArrayInputStream(text.get()));
            if (request.promptField().isEmpty()) {
                return Optional.of(document);
            }
            String field = request.promptField().get();
            Optional<byte[]> prompt = rows.isNull(field) ? Optional.of(new byte[0]) : text(field);
            if (prompt.isPresent()) {
                return Optional.of(document.withPrompt(new ByteArrayInputStream(prompt.get())));
            }
        }
        return Optional.empty();
    }

    /** The row as a JSON object; empty, after reporting a bad line, if it has no such form. */
    private Optional<Document> object() {
        try {
            return Optional.of(Document
                    .of(new ByteArrayInputStream(RowObject.of(rows).getBytes(StandardCharsets.UTF_8))));
        } catch (CharacterCodingException e) {
            request.log().badLine(where(), "has bytes that are not UTF-8");
            return Optional.empty();
        } catch (RuntimeException e) {
            throw damaged(where(), e);
        }
    }

    @Override
    public String position() {
        return row == 0 ? "" : String.valueOf(row);
    }

    @Override
    public String where() {
        return name + ", row " + row;
    }

    @Override
    public void close() throws IOException {
        try (context; file; rows) {
            row = 0;
        }
    }

    private boolean hasNext() {
        try {
            return rows.hasNext();
        } catch (RuntimeException e) {
            throw damaged(where(), e);
        }
    }

    /** The value of a column in this row; empty, after reporting a bad line, if it is not a text. */
    private Optional<byte[]> text(String column) {
        byte[] value;
        try {
            if (rows.isNull(column)) {
                request.log().badLine(where(), "has no text in the column \"" + Shown.of(column) + "\", but null");
                return Optional.empty();
            }
            value = rows.getBinary(column);
        } catch (InputException e) {
            throw e;
        } catch (RuntimeException e) {
            throw damaged(where(), e);
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value));
            return Optional.of(value);
        } catch (CharacterCodingException e) {
            request.log().badLine(where(), "is not UTF-8 in the column \"" + Shown.of(column) + "\"");
            return Optional.empty();
        }
    }

    private static long first(String name, String position) {
        if (!position.matches("[0-9]{0,18}")) {
            throw new InputException(name + " has no position \"" + Shown.of(position)
                    + "\": a number of rows is expected; it was another kind of file when the checkpoint was written");
        }
        return position.isEmpty() ? 0 : Long.parseLong(position);
    }

    private static InputException damaged(String where, Exception e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName()
                : e.getMessage().lines().findFirst().orElse("");
        return new InputException(where + " cannot be read as Parquet (" + Shown.of(reason)
                + "); make it again, or remove it from the data", e);
    }
}
