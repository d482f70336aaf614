package pyobj_test

import (
	"fmt"
	"log"

	"cachering/codec/pyobj"
)

func ExampleParseLiteral() {
	g := pyobj.New()
	root, err := pyobj.ParseLiteral(g, []byte(`{"tags": ('a', "b" 'c'), 0x10: {3, 1, 2}}  # typed by a person`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", g.AppendRepr(nil, root, pyobj.Limits{}))

	_, err = pyobj.ParseLiteral(g, []byte(`["a", open("b")]`))
	fmt.Println(err)
	// Output:
	// {'tags': ('a', 'bc'), 16: {1, 2, 3}}
	// column 7: name "open" is not a literal
}

func ExampleGraph_AppendRepr() {
	g := pyobj.New()
	// What a pickle of Decimal("9.90") says.
	price := g.NewReduce(g.NewGlobal([]byte("decimal"), []byte("Decimal")), g.NewTuple(g.NewStr([]byte("9.90"))))
	// An object of a class that only the application knows, and which refers to itself.
	cart := g.NewCall(pyobj.NewObj, g.NewGlobal([]byte("shop.models"), []byte("Cart")), g.NewTuple())
	g.AddBuild(cart, g.NewDict(g.NewStr([]byte("total")), price, g.NewStr([]byte("self")), cart))
	g.Settle()
	fmt.Printf("%s\n", g.AppendRepr(nil, cart, pyobj.Limits{}))

	row := g.NewList(g.NewInt(1), g.NewInt(2), g.NewInt(3))
	fmt.Printf("%s\n", g.AppendRepr(nil, g.NewList(row, row, row), pyobj.Limits{Items: 2}))
	// Output:
	// <shop.models.Cart state={'total': Decimal('9.90'), 'self': ...}>
	// [[1, 2, <1 more>], [1, 2, <1 more>], <1 more>]
}

func ExampleGraph_AppendJSON() {
	g := pyobj.New()
	root, err := pyobj.ParseLiteral(g, []byte(`{"user": {"name": "Ada", "joined": (1843, 9)}}`))
	if err != nil {
		log.Fatal(err)
	}
	_, err = g.AppendJSON(nil, root, false)
	fmt.Println(err)
	typed, err := g.AppendJSON(nil, root, true)
	fmt.Printf("%s %v\n", typed, err)
	// Output:
	// $.user.joined: tuple has no exact JSON form
	// {"user":{"name":"Ada","joined":{"$tuple":[1843,9]}}} <nil>
}
