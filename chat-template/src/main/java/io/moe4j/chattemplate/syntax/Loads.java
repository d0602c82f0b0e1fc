package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.syntax.Expression.Arguments;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The variables that expressions read. */
final class Loads {
    private final Consumer<String> found;

    Loads(Consumer<String> found) {
        this.found = found;
    }

    void of(Expression expression) {
        switch (expression) {
            case Expression.Literal literal -> {
            }
            case Expression.Name name -> found.accept(name.name());
            case Expression.ListOf list -> list.items().forEach(this::of);
            case Expression.TupleOf tuple -> tuple.items().forEach(this::of);
            case Expression.DictOf dict -> dict.pairs().forEach(pair -> {
                of(pair.key());
                of(pair.value());
            });
            case Expression.Attribute attribute -> of(attribute.of());
            case Expression.Item item -> all(List.of(item.of(), item.key()));
            case Expression.Slice slice -> {
                of(slice.from());
                of(slice.to());
                of(slice.step());
            }
            case Expression.Call call -> {
                of(call.function());
                of(call.arguments());
            }
            case Expression.Filter filter -> {
                of(filter.of());
                of(filter.arguments());
            }
            case Expression.Test test -> {
                of(test.of());
                of(test.arguments());
            }
            case Expression.Unary unary -> of(unary.of());
            case Expression.Binary binary -> all(List.of(binary.left(), binary.right()));
            case Expression.Logical logical -> all(List.of(logical.left(), logical.right()));
            case Expression.Concat concat -> all(concat.parts());
            case Expression.Compare compare -> {
                of(compare.first());
                compare.rest().forEach(link -> of(link.right()));
            }
            case Expression.Conditional conditional -> {
                all(List.of(conditional.test(), conditional.then()));
                of(conditional.otherwise());
            }
        }
    }

    private void all(List<Expression> expressions) {
        expressions.forEach(this::of);
    }

    private void of(Optional<Expression> expression) {
        expression.ifPresent(this::of);
    }

    private void of(Arguments arguments) {
        all(arguments.positional());
        arguments.named().values().forEach(this::of);
        of(arguments.spread());
        of(arguments.spreadNamed());
    }
}
