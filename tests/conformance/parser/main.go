// parser reads {"call", "step", "sql"} lines on stdin, as build/statements prints them, and
// parses each with TiDB's own parser: what drover sends must be one statement of TiDB's
// grammar. A line with "refused": true must not parse: a parser that takes everything
// proves nothing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
)

type statement struct {
	Call    string `json:"call"`
	Step    string `json:"step"`
	SQL     string `json:"sql"`
	Refused bool   `json:"refused"`
}

// The sql_mode that drover sets on its sessions (controller/estate/carrier.c).
const mode = mysql.ModeOnlyFullGroupBy | mysql.ModeStrictTransTables | mysql.ModeNoEngineSubstitution

func check(p *parser.Parser, s statement) error {
	nodes, _, err := p.Parse(s.SQL, "", "")
	switch {
	case s.Refused && err == nil:
		return fmt.Errorf("parses, and should not")
	case s.Refused:
		return nil
	case err != nil:
		return err
	case len(nodes) != 1:
		return fmt.Errorf("%d statements, not one", len(nodes))
	}
	return nil
}

func main() {
	p := parser.New()
	p.SetSQLMode(mode)
	passed, failed := 0, 0
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s statement
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			fmt.Printf("FAILED not a statement: %v\n  %s\n", err, lines.Text())
			failed++
			continue
		}
		if err := check(p, s); err != nil {
			fmt.Printf("FAILED %s, %s: %v\n  %s\n", s.Call, s.Step, err, s.SQL)
			failed++
			continue
		}
		passed++
	}
	if err := lines.Err(); err != nil {
		fmt.Printf("FAILED reading: %v\n", err)
		failed++
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
