package io.moe4j.source.parquet;

import dev.hardwood.metadata.ColumnMetaData;
import dev.hardwood.metadata.CompressionCodec;
import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.metadata.RepetitionType;
import dev.hardwood.metadata.RowGroup;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.schema.SchemaNode;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.ReadRequest;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Checks that the requested columns exist and can be read. */
final class Columns {
    private static final Set<CompressionCodec> KNOWN = Set.of(CompressionCodec.UNCOMPRESSED, CompressionCodec.SNAPPY,
            CompressionCodec.GZIP, CompressionCodec.ZSTD);

    private Columns() {}

    static void check(String file, ReadRequest request, ParquetFileReader reader) {
        if (request.messagesField().isPresent()) {
            checkMessages(file, request.messagesField().get(), reader);
            return;
        }
        check(file, request.textField(), "data.text_field", reader);
        request.promptField().ifPresent(field -> check(file, field, "data.prompt_field", reader));
    }

    /** Messages are a list of structs, or a text with the JSON of such a list. All columns of the file are read. */
    private static void checkMessages(String file, String field, ParquetFileReader reader) {
        SchemaNode column = column(file, field, "data.messages_field", "messages", reader);
        if (!(column instanceof SchemaNode.GroupNode group ? group.isList()
                : column instanceof SchemaNode.PrimitiveNode text && text.type() == PhysicalType.BYTE_ARRAY)) {
            throw new InputException(file + " has neither lists nor strings in the column \"" + Shown.of(field)
                    + "\", and messages are a list of role and content, or its JSON as a string; set data.messages_field to"
                    + " another column");
        }
        for (RowGroup group : reader.getFileMetaData().rowGroups()) {
            group.columns()
                    .forEach(data -> requireKnown(file, String.join(".", data.metaData().pathInSchema().elements()),
                            data.metaData()));
        }
    }

    private static SchemaNode column(String file, String field, String key, String what, ParquetFileReader reader) {
        List<SchemaNode> columns = reader.getFileSchema().getRootNode().children();
        return columns.stream().filter(each -> each.name().equals(field)).findFirst()
                .orElseThrow(() -> new InputException(file + " has no column \"" + Shown.of(field) + "\", but "
                        + Shown.of(columns.stream().map(SchemaNode::name).toList().toString()) + "; set " + key
                        + " to the one with " + what + ", or that key of its source"));
    }

    private static void requireKnown(String file, String field, ColumnMetaData data) {
        if (!KNOWN.contains(data.codec())) {
            throw new InputException(file + " is compressed with " + data.codec().name().toLowerCase(Locale.ROOT)
                    + " in the column \"" + Shown.of(field)
                    + "\", and zstd, snappy, gzip and none are read; write it with one of these");
        }
    }

    private static void check(String file, String field, String key, ParquetFileReader reader) {
        SchemaNode column = column(file, field, key, "text", reader);
        if (!(column instanceof SchemaNode.PrimitiveNode primitive)
                || primitive.repetitionType() == RepetitionType.REPEATED) {
            throw new InputException(file + " has the nested column \"" + Shown.of(field)
                    + "\", and a column of strings is needed; set " + key + " to one, or write the text into one");
        }
        if (primitive.type() != PhysicalType.BYTE_ARRAY) {
            throw new InputException(file + " has values of the type " + primitive.type() + " in the column \""
                    + Shown.of(field) + "\", and a column of strings is needed; set " + key + " to one");
        }
        for (RowGroup group : reader.getFileMetaData().rowGroups()) {
            requireKnown(file, field, group.columns().get(primitive.columnIndex()).metaData());
        }
    }
}
