module example/counter

go 1.19
