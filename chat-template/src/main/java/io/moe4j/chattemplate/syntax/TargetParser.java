package io.moe4j.chattemplate.syntax;

import java.util.List;
import java.util.Set;

/** Reads the target of an assignment: {@code name}, {@code key, value}, {@code ns.name}. */
final class TargetParser {
    private final TokenStream tokens;
    private final PostfixParser values;

    TargetParser(TokenStream tokens, PostfixParser values) {
        this.tokens = tokens;
        this.values = values;
    }

    /**
     * Reads a target.
     *
     * @param ends names that end it after a comma
     * @param fields whether attributes of namespaces may be targets
     */
    Target read(Set<String> ends, boolean fields) {
        int at = tokens.peek().at();
        Expression read = values.tuple(() -> fields ? field() : values.primary(), false, ends);
        return target(read, at);
    }

    private Expression field() {
        Expression value = values.primary();
        return value instanceof Expression.Name && tokens.takeOperator(".")
                ? new Expression.Attribute(value, tokens.expectAnyName().text(), value.at())
                : value;
    }

    private static Target target(Expression read, int at) {
        return switch (read) {
            case Expression.Name name -> new Target.Variable(name.name(), name.at());
            case Expression.Attribute field when field.of() instanceof Expression.Name name -> new Target.Field(
                    name.name(),
                    field.name(), field.at());
            case Expression.TupleOf tuple -> several(tuple.items(), at);
            case Expression.ListOf list -> several(list.items(), at);
            default -> throw new TemplateFault(at, "this cannot be given a value; name a variable");
        };
    }

    private static Target several(List<Expression> items, int at) {
        return new Target.Several(items.stream().map(item -> target(item, at)).toList(), at);
    }
}
